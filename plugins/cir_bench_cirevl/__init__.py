"""CIReVL (Karthik et al., ICLR 2024): the query is a description of the target, written by a language model."""

from __future__ import annotations

from cir_bench import MethodSpec, Needs, Paper, hookimpl

CIR_BENCH_API = 1

METHODS = [
    MethodSpec(
        name="cirevl",
        summary="CIReVL: a language model's description of the target against the candidates; no training",
        implementation="cir_bench_cirevl.composer:CirevlComposer",
        loss={},
        needs=Needs(same_width=True, text_from="target-text"),
        learns=False,
        paper=Paper(
            title="Vision-by-Language for Training-Free Compositional Image Retrieval",
            venue="ICLR 2024",
            authors="Karthik, Roth, Mancini, Akata",
            url="https://arxiv.org/abs/2310.09291",
        ),
        card="cir_bench_cirevl:README.md",
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
