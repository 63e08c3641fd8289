"""Where GeneCIS comes from: the two object tasks, pinned; the attribute tasks and the images, by hand."""

from __future__ import annotations

from cir_bench import RemoteFile

REVISION = "0c5c968c01b8ccffcc0990af2b430d21d7a12f49"
_BASE = f"https://raw.githubusercontent.com/facebookresearch/genecis/{REVISION}/genecis"

# not the attribute tasks: nobody who wrote this list had the files to take their sha256 from
_FILES = """
change_object.json 2270031 0a5145984f7d8594c457a3609288ae2acfcdb6b72bd0309220e616300c9beac8
focus_object.json 2270369 ee6de86ffb78ad989986b65f7e74e5627a90c1395a8cdc4aed8da3d92f4c016c
"""

FILES = tuple(
    RemoteFile(path=name, url=f"{_BASE}/{name}", size=int(size), sha256=sha256)
    for name, size, sha256 in map(str.split, _FILES.strip().splitlines())
)

STEPS = (
    "for the attribute tasks: git clone https://github.com/facebookresearch/genecis, and copy "
    "genecis/change_attribute.json and genecis/focus_attribute.json to {root}",
    "images of the object tasks: curl -O http://images.cocodataset.org/zips/val2017.zip and unzip it in {root}",
    "images of the attribute tasks: Visual Genome 1.2 (https://homes.cs.washington.edu/~ranjay/visualgenome/), its "
    "folders VG_100K and VG_100K_2 in {root}",
    "cir-bench data verify genecis",
)

CITATION = """
@inproceedings{vaze2023genecis,
  title     = {GeneCIS: A Benchmark for General Conditional Image Similarity},
  author    = {Vaze, Sagar and Carion, Nicolas and Misra, Ishan},
  booktitle = {CVPR},
  year      = {2023},
}
"""
