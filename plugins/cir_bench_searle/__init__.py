"""SEARLE: a word for an image, found by optimisation and learned by a network (Baldrati et al., ICCV 2023)."""

from __future__ import annotations

from cir_bench import MethodSpec, Needs, Paper, hookimpl
from cir_bench_searle.checkpoint import PUBLISHED
from cir_bench_searle.params import SearleParams

CIR_BENCH_API = 1

CSS_CONCEPTS = tuple(
    f"{colour} {shape}"
    for colour in ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
    for shape in ("circle", "square", "triangle", "diamond", "cross", "star")
)


def needs(params: SearleParams) -> Needs:
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
        name="searle",
        summary="SEARLE: words of images found by optimisation, and an MLP that learns them; learns from images alone",
        implementation="cir_bench_searle.method:Searle",
        params=SearleParams,
        needs=needs,
        paper=Paper(
            title="Zero-Shot Composed Image Retrieval with Textual Inversion",
            venue="ICCV 2023",
            authors="Baldrati, Agnolucci, Bertini, Del Bimbo",
            url="https://arxiv.org/abs/2303.15247",
        ),
        published=PUBLISHED,
        card="cir_bench_searle:README.md",
        controlled={
            "css": {
                "images": 1024,
                "steps": 40,
                "inversion_lr": 0.3,
                "average": 0.8,
                "inversion_weight": 0.1,
                "distillation_weight": 0.1,
                "dropout": 0.1,
                "word_scale": 20.0,
                "concepts": CSS_CONCEPTS,
                "training": {"lr": 1e-3},
            }
        },
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
