"""Where Fashion200k comes from: by hand, since neither its drive nor the test queries are under a pinned revision."""

from __future__ import annotations

STEPS = (
    "from the Google Drive folder that https://github.com/xthan/fashion-200k links to, download the folder labels/ and "
    "women.tar.gz",
    "put labels/{dress,jacket,pants,skirt,top}_{train,test}_detect_all.txt into {root}/labels, and run: "
    "tar -xzf women.tar.gz -C {root}",
    "for the test queries that papers use (TIRG's): curl -o {root}/test_queries.txt "
    "https://storage.googleapis.com/image_retrieval_css/test_queries.txt",
    "cir-bench data verify fashion200k",
)

CITATION = """
@inproceedings{han2017automatic,
  title     = {Automatic Spatially-aware Fashion Concept Discovery},
  author    = {Han, Xintong and Wu, Zuxuan and Huang, Phoenix X. and Zhang, Xiao and Zhu, Menglong and Li, Yuan
               and Zhao, Yang and Davis, Larry S.},
  booktitle = {ICCV},
  year      = {2017},
}
"""
