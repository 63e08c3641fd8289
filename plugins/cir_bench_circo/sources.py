"""Where CIRCO comes from: its annotation files, pinned; COCO's image list and images, by hand."""

from __future__ import annotations

from cir_bench import RemoteFile

_REPOSITORY = "https://raw.githubusercontent.com/miccunifi/CIRCO"

# commit that brought the file as it is, name, bytes, sha256
_FILES = """
6db0150476ffcee0f60ea1d8fb04d15e6845f5db val.json 111978 6b31a1dbc3c85627501d9a250f87708f24a27d74d6a65360b6ddd2537a154d04
ef0817a18c39f2917b0a9135d32b33474fbf6335 test.json 167660 2f7c37e89220c990b6b0525d6f3ed63d3fc02e03ce336aa42a3b822841b14886
"""  # noqa: E501

FILES = tuple(
    RemoteFile(path=name, url=f"{_REPOSITORY}/{commit}/annotations/{name}", size=int(size), sha256=sha256)
    for commit, name, size, sha256 in map(str.split, _FILES.strip().splitlines())
)

STEPS = (
    "the gallery is COCO's list of unlabeled images: mkdir -p {root}/COCO2017_unlabeled, then curl -O "
    "http://images.cocodataset.org/annotations/image_info_unlabeled2017.zip and unzip it there",
    "the images, 19 GB: curl -O http://images.cocodataset.org/zips/unlabeled2017.zip and unzip it there, too",
    "cir-bench data verify circo",
)

CITATION = """
@inproceedings{baldrati2023zeroshot,
  title     = {Zero-Shot Composed Image Retrieval with Textual Inversion},
  author    = {Baldrati, Alberto and Agnolucci, Lorenzo and Bertini, Marco and Del Bimbo, Alberto},
  booktitle = {ICCV},
  year      = {2023},
}
"""
