"""Where Shoes comes from: the relative captions, pinned; the photos, by hand."""

from __future__ import annotations

from cir_bench import RemoteFile

_REPOSITORY = "https://raw.githubusercontent.com/XiaoxiaoGuo/fashion-retrieval"

# commit that brought the file, name, bytes, sha256
_FILES = """
58f6aa9908d319c5d9b3c480dd3a42682ff4e2be relative_captions_shoes.json 1601188 717d815ca134f166d1a6e12a2b2e86b94dfdf22f3a45c3b984b59bfd89d91cdf
2b24f270648e1f5e83fb19f2d459fbfd5737f443 train_im_names.txt 283658 dd7f58d8d65f95c17c585cd62efd3038a8a6ed4d8ee0d6153287f75b76d1c64f
53c9a2b06af59e8cab27dba9b4d65830937235c1 eval_im_names.txt 132354 f1fd756f9c9841119c2d601994f16338f4e9b8f2846aaec0748ba873654548f3
"""  # noqa: E501

FILES = tuple(
    RemoteFile(path=name, url=f"{_REPOSITORY}/{commit}/dataset/{name}", size=int(size), sha256=sha256)
    for commit, name, size, sha256 in map(str.split, _FILES.strip().splitlines())
)

STEPS = (
    "download the zip file of the Attribute Discovery Dataset from http://tamaraberg.com/attributesDataset/index.html",
    "unzip it so that its folders womens_* are in {root} (womens_boots/0/img_womens_boots_1.jpg and the like)",
    "cir-bench data verify shoes",
)

CITATION = """
@inproceedings{guo2018dialog,
  title     = {Dialog-based Interactive Image Retrieval},
  author    = {Guo, Xiaoxiao and Wu, Hui and Cheng, Yu and Rennie, Steven and Tesauro, Gerald and Feris, Rogerio},
  booktitle = {NeurIPS},
  year      = {2018},
}
@inproceedings{berg2010attribute,
  title     = {Automatic Attribute Discovery and Characterization from Noisy Web Data},
  author    = {Berg, Tamara L. and Berg, Alexander C. and Shih, Jonathan},
  booktitle = {ECCV},
  year      = {2010},
}
"""
