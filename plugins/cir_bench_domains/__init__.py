"""Domain conversion: the same thing as in the reference image, as a cartoon, in autumn, in another epoch."""

from __future__ import annotations

from typing import Literal

from cir_bench import DatasetSpec, Params, hookimpl

CIR_BENCH_API = 1


class DomainParams(Params):
    """Which data set, and which queries."""

    of: Literal["pic2word", "imagenet-r", "nico", "ltll", "minidn"] = "pic2word"
    """pic2word: photos of ImageNet-R to four other domains. The others: every pair of domains of a collection
    (FreeDom)."""


STEPS = (
    "the lists: git clone https://github.com/NikosEfth/freedom, and copy the folders imagenet_r, nico, ltll and minidn "
    "of its data/ to {root}",
    "the images where the lists say, below {root}: imgnet/real and imgnet/imagenet-r (ImageNet's validation set and "
    "ImageNet-R), nico/ (NICO++), ltll/ (LTLL), minidn/ (DomainNet)",
    "cir-bench data verify domain-conversion",
)
CITATION = """
@inproceedings{saito2023pic2word,
  title     = {Pic2Word: Mapping Pictures to Words for Zero-shot Composed Image Retrieval},
  author    = {Saito, Kuniaki and Sohn, Kihyuk and Zhang, Xiang and Li, Chun-Liang and Lee, Chen-Yu and Saenko, Kate and
               Pfister, Tomas},
  booktitle = {CVPR},
  year      = {2023},
}
@inproceedings{efthymiadis2025composed,
  title     = {Composed Image Retrieval for Training-Free Domain Conversion},
  author    = {Efthymiadis, Nikos and Psomas, Bill and Laskar, Zakaria and Karantzalos, Konstantinos and
               Avrithis, Yannis and Chum, Ond{\\v{r}}ej and Tolias, Giorgos},
  booktitle = {WACV},
  year      = {2025},
}
"""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="domain-conversion",
            summary="the reference's class in another domain (ImageNet-R, NICO++, LTLL, …); for evaluation only",
            implementation="cir_bench_domains.dataset:DomainConversion",
            params=DomainParams,
            licence="Apache-2.0 and MIT (lists); the images are under the terms of their data sets",
            homepage="https://github.com/NikosEfth/freedom",
            citation=CITATION,
            steps=STEPS,
            trains=False,
        )
    ]
