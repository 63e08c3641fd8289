"""Shoes (Guo et al., NeurIPS 2018): photos of women's shoes with one relative caption per query."""

from __future__ import annotations

from typing import Literal

from cir_bench import DatasetSpec, Params, hookimpl
from cir_bench_shoes.sources import CITATION, FILES, STEPS

CIR_BENCH_API = 1


class ShoesParams(Params):
    """How the train split is listed."""

    sides: Literal["one", "both"] = "one"
    """both: every training triplet is listed for its target and once more for its reference, as VAL and CLVC-Net list
    them (17,954 pairs instead of 8,990): an epoch is twice as long."""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="shoes",
            summary="product photos of women's shoes, one relative caption per query",
            implementation="cir_bench_shoes.dataset:Shoes",
            params=ShoesParams,
            licence="MIT (the captions' repository); the photos' collection, Attribute Discovery, names none",
            homepage="https://github.com/XiaoxiaoGuo/fashion-retrieval",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
        )
    ]
