"""i-CIR (Psomas et al., NeurIPS 2025): instances, each with its own database of hard negatives; evaluation only."""

from __future__ import annotations

from cir_bench import DatasetSpec, hookimpl

CIR_BENCH_API = 1
STEPS = (
    "the annotations and the images: curl -O https://vrg.fel.cvut.cz/icir/icir_v1.0.0.tar.gz and unpack it in "
    "{root}/.., so that query_files.csv, database_files.csv, query/ and database/ are in {root}",
    "cir-bench data verify icir",
)
CITATION = """
@inproceedings{psomas2025instancelevel,
  title     = {Instance-Level Composed Image Retrieval},
  author    = {Psomas, Bill and Retsinas, George and Efthymiadis, Nikos and Filntisis, Panagiotis and
               Avrithis, Yannis and Maragos, Petros and Chum, Ondrej and Tolias, Giorgos},
  booktitle = {NeurIPS},
  year      = {2025},
}
"""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set."""
    return [
        DatasetSpec(
            name="icir",
            summary="202 instances, each query among the images of its instance; for evaluation only",
            implementation="cir_bench_icir.dataset:ICIR",
            licence="CC BY-NC-SA 4.0",
            non_commercial=True,
            homepage="https://github.com/billpsomas/icir",
            citation=CITATION,
            steps=STEPS,
            trains=False,
        )
    ]
