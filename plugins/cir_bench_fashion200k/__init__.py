"""Fashion200k (Han et al., ICCV 2017): product photos with descriptions; a query replaces one word of a description."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl
from cir_bench_fashion200k.sources import CITATION, STEPS

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="fashion200k",
            summary="product photos with descriptions; queries replace one word, training pairs are drawn every epoch",
            implementation="cir_bench_fashion200k.dataset:Fashion200k",
            licence="none stated by its authors; the photos are their sellers'",
            homepage="https://github.com/xthan/fashion-200k",
            citation=CITATION,
            steps=STEPS,
        )
    ]
