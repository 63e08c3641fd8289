"""Pic2Word: an image as a word (Saito et al., CVPR 2023)."""

from __future__ import annotations

from cir_bench import MethodSpec, Needs, Paper, hookimpl
from cir_bench_pic2word.checkpoint import PUBLISHED
from cir_bench_pic2word.params import Pic2wordParams

CIR_BENCH_API = 1


def needs(params: Pic2wordParams) -> Needs:
    """Images alone, of the train split or of another data set."""
    return Needs(
        same_width=True,
        pseudo_words=True,
        triplets=False,
        images=True,
        corpus=params.corpus,
        template=params.template,
    )


METHODS = [
    MethodSpec(
        name="pic2word",
        summary="Pic2Word: an MLP turns the image into a word of the text tower; learns from images alone",
        implementation="cir_bench_pic2word.method:Pic2word",
        params=Pic2wordParams,
        needs=needs,
        paper=Paper(
            title="Pic2Word: Mapping Pictures to Words for Zero-shot Composed Image Retrieval",
            venue="CVPR 2023",
            authors="Saito, Sohn, Zhang, Li, Lee, Saenko, Pfister",
            url="https://arxiv.org/abs/2302.03084",
        ),
        published=PUBLISHED,
        card="cir_bench_pic2word:README.md",
        controlled={"css": {"scale": 20.0, "training": {"lr": 1e-3}}},
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
