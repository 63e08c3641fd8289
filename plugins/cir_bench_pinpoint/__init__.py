"""PinPoint (Pinterest): explicit negatives, queries of two images, paraphrases; evaluation only."""

from __future__ import annotations

from cir_bench import DatasetSpec, RemoteFile, hookimpl

CIR_BENCH_API = 1
_BASE = "https://raw.githubusercontent.com/pinterest/pinpoint-dataset/e4ebb388fea60da9a0e10181754b4e2ccfad01cb"
FILES = (
    RemoteFile(
        path="pinpoint_licensed.parquet",
        url=f"{_BASE}/pinpoint_licensed.parquet",
        size=2072753,
        sha256="c17bb95b04488ae09f5c51d9d2f8840dded92e86f648250f068d619945e627e2",
    ),
    RemoteFile(
        path="index_signatures.txt",
        url=f"{_BASE}/index_signatures.txt",
        size=3616799,
        sha256="eb8a387ca71f70c85d84bb4f764b461bcca2a3500a773f80fbc33f18f533d095",
    ),
)
STEPS = (
    "the images are on Pinterest's servers, by the signatures of {root}/index_signatures.txt: "
    "git clone https://github.com/pinterest/pinpoint-dataset says how to load them; save each as "
    "{root}/images/SIGNATURE.jpg",
    "cir-bench data verify pinpoint",
)
CITATION = """
@misc{pinpoint,
  title = {PinPoint: Evaluation of Composed Image Retrieval with Explicit Negatives, Multi-Image Queries, and
           Paraphrase Testing},
  howpublished = {https://github.com/pinterest/pinpoint-dataset},
}
"""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="pinpoint",
            summary="several right and many explicitly wrong images per query, some of two images; for evaluation only",
            implementation="cir_bench_pinpoint.dataset:PinPoint",
            licence="CC BY 4.0 (annotations); the images are said to be CC BY 2.0, image by image",
            homepage="https://github.com/pinterest/pinpoint-dataset",
            citation=CITATION,
            files=FILES,
            steps=STEPS,
            trains=False,
        )
    ]
