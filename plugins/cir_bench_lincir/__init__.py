"""LinCIR: a word for an image, learned from texts alone (Gu et al., CVPR 2024)."""

from __future__ import annotations

from cir_bench import MethodSpec, Needs, Paper, hookimpl
from cir_bench_lincir.checkpoint import PUBLISHED
from cir_bench_lincir.params import LincirParams

CIR_BENCH_API = 1


def needs(params: LincirParams) -> Needs:
    """Texts alone, of the train split or of another data set."""
    return Needs(
        same_width=True,
        pseudo_words=True,
        triplets=False,
        texts=True,
        corpus=params.corpus,
        template=params.template,
    )


METHODS = [
    MethodSpec(
        name="lincir",
        summary="LinCIR: an MLP turns the image into a word of the text tower; learns from texts alone",
        implementation="cir_bench_lincir.method:Lincir",
        params=LincirParams,
        needs=needs,
        paper=Paper(
            title="Language-only Efficient Training of Zero-shot Composed Image Retrieval",
            venue="CVPR 2024",
            authors="Gu, Chun, Kim, Kang, Yun",
            url="https://arxiv.org/abs/2312.01998",
        ),
        published=PUBLISHED,
        card="cir_bench_lincir:README.md",
        controlled={"css": {"noise": 0.05, "dropout": 0.1, "training": {"lr": 1e-3}}},
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
