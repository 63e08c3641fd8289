"""LaSCo (Levy et al., AAAI 2024): pairs of COCO images with a relative caption, made from VQA 2.0."""

from __future__ import annotations

from cir_bench import DatasetSpec, RemoteFile, hookimpl

CIR_BENCH_API = 1
_BASE = "https://raw.githubusercontent.com/levymsn/LaSCo/311f4d7d4bc069fc2d8abd3bf523cdfae6b5800f/downloads"
# not the queries: nobody who wrote this had the files to take their sha256 from
FILES = (
    RemoteFile(
        path="lasco_val_corpus.json",
        url=f"{_BASE}/lasco_val_corpus.json",
        size=2740369,
        sha256="448783f45a20cab61e0f099638011979b2fe81d34bed3d69cbc02ecc955557ac",
    ),
)
STEPS = (
    "the annotations: git clone https://github.com/levymsn/LaSCo, and copy lasco_val.json, lasco_val_corpus.json, "
    "lasco_train.json and lasco_train_corpus.json of its downloads/ to {root}",
    "the images: curl -O http://images.cocodataset.org/zips/val2014.zip (and train2014.zip for training) and unzip "
    "them in {root}",
    "cir-bench data verify lasco",
)
CITATION = """
@inproceedings{levy2024data,
  title     = {Data Roaming and Quality Assessment for Composed Image Retrieval},
  author    = {Levy, Matan and Ben-Ari, Rami and Darshan, Nir and Lischinski, Dani},
  booktitle = {AAAI},
  year      = {2024},
}
"""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="lasco",
            summary="COCO images with relative captions made from VQA 2.0, 39,826 candidates",
            implementation="cir_bench_lasco.dataset:LaSCo",
            licence="MIT (annotations); the images are those of COCO 2014, under Flickr's terms of use",
            homepage="https://github.com/levymsn/LaSCo",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
        )
    ]
