"""CIRR (Liu et al., ICCV 2021): images of NLVR2 in groups of look-alikes, one relative caption per query."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl
from cir_bench_cirr.sources import CITATION, FILES, STEPS

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="cirr",
            summary="real-life images in groups of six look-alikes, one relative caption per query",
            implementation="cir_bench_cirr.dataset:CIRR",
            submission="cir_bench_cirr.submission:CIRRSubmission",
            licence="MIT (annotations); the images are those of NLVR2, under its terms of use",
            homepage="https://github.com/Cuberick-Orion/CIRR",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
        )
    ]
