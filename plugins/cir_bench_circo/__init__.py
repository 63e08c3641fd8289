"""CIRCO (Baldrati et al., ICCV 2023): several targets per query among COCO's unlabeled images; evaluation only."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl
from cir_bench_circo.sources import CITATION, FILES, STEPS

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="circo",
            summary="123,403 unlabeled images of COCO, several targets per query; for evaluation only",
            implementation="cir_bench_circo.dataset:CIRCO",
            submission="cir_bench_circo.submission:CIRCOSubmission",
            licence="CC BY-NC 4.0 (annotations); the images are those of COCO 2017, under Flickr's terms of use",
            non_commercial=True,
            homepage="https://github.com/miccunifi/CIRCO",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
            trains=False,
        )
    ]
