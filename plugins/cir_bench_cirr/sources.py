"""Where CIRR comes from: annotation files of its branch ``cirr_dataset``, pinned; the images, by hand."""

from __future__ import annotations

from cir_bench import RemoteFile

REVISION = "910278c29d2a5602eae0119d6af906c3bae366bc"
"""Brought release rc2 to the branch ``cirr_dataset``."""
_BASE = f"https://raw.githubusercontent.com/Cuberick-Orion/CIRR/{REVISION}"

# cap.rc2.train.json is not among them: nobody who wrote this list had the official file to take its sha256 from
_FILES = """
captions/cap.rc2.val.json 1609916 a85c3a1aa464f1af7229918e8018d08b8b20ce5dab479ffdf39d61113140f919
captions/cap.rc2.test1.json 1254129 26a2b2e7a5c96c903491aefc7d5f237f03d3cca97712e1b6bb3b231db5ff8001
image_splits/split.rc2.train.json 969680 7b3f2211ff67e527190754ab778321a3c83f0baa6150d1e6c19646ec25c3bcb9
image_splits/split.rc2.val.json 105568 de36f7a7219c8bb06347a67748cfc68405be7dad62853a1e31846c98e491235b
image_splits/split.rc2.test1.json 120364 bf2bb9ed0659c4aae35de72350652b9ab75d36a060211f826bec15c58ec12566
"""

FILES = tuple(
    RemoteFile(path=path, url=f"{_BASE}/{path}", size=int(size), sha256=sha256)
    for path, size, sha256 in map(str.split, _FILES.strip().splitlines())
)

STEPS = (
    "for training: git clone -b cirr_dataset https://github.com/Cuberick-Orion/CIRR, and copy its "
    "captions/cap.rc2.train.json to {root}/captions (28,225 triplets)",
    "for the images: fill in the form of NLVR2 (https://lil.nlp.cornell.edu/nlvr/, direct image download), and put the "
    "folders train/, dev/ and test1/ into {root}/img_raw (or images/, or {root} itself)",
    "cir-bench data verify cirr",
)

CITATION = """
@inproceedings{liu2021cirr,
  title     = {Image Retrieval on Real-life Images with Pre-trained Vision-and-Language Models},
  author    = {Liu, Zheyuan and Rodriguez-Opazo, Cristian and Teney, Damien and Gould, Stephen},
  booktitle = {ICCV},
  year      = {2021},
}
"""
