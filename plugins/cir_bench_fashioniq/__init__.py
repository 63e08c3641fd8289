"""FashionIQ (Wu et al., CVPR 2021): fashion photos of three categories with two relative captions per query."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl
from cir_bench_fashioniq.sources import CITATION, FILES, STEPS

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set, one model over its three categories."""
    return [
        DatasetSpec(
            name="fashioniq",
            summary="fashion product photos (dress, shirt, toptee), two relative captions per query",
            implementation="cir_bench_fashioniq.dataset:FashionIQ",
            licence="CDLA (annotations); the photos are their sellers'",
            homepage="https://github.com/XiaoxiaoGuo/fashion-iq",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
        )
    ]
