"""GeneCIS (Vaze et al., CVPR 2023): four tasks, each query with a few candidates of its own; evaluation only."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl
from cir_bench_genecis.sources import CITATION, FILES, STEPS

CIR_BENCH_API = 1


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="genecis",
            summary="focus on or change an object or an attribute, 10 or 15 candidates per query; for evaluation only",
            implementation="cir_bench_genecis.dataset:GeneCIS",
            licence="CC BY-NC 4.0 (annotations); the images are those of COCO and Visual Genome, under their terms",
            non_commercial=True,
            homepage="https://github.com/facebookresearch/genecis",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
            trains=False,
        )
    ]
