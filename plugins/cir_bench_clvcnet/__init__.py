"""CLVC-Net: comprehensive linguistic-visual composition network (Wen et al., SIGIR 2021)."""

from __future__ import annotations

from cir_bench import ComposerSpec, MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_clvcnet.params import ClvcnetComposerParams, ClvcnetParams
from cir_bench_clvcnet.recipes import ENCODER_RECIPES, RECIPES
from cir_bench_clvcnet.sources import SOURCES

CIR_BENCH_API = 1

NEEDS = Needs(image=levels("maps"), text=levels("tokens"), map_levels=1)

COMPOSERS = [
    ComposerSpec(
        name="clvcnet",
        summary="CLVC-Net's local-wise and global-wise composition, a space each",
        implementation="cir_bench_clvcnet.composer:ClvcnetComposer",
        params=ClvcnetComposerParams,
        needs=NEEDS,
    )
]

METHODS = [
    MethodSpec(
        name="clvcnet",
        summary="local-wise and global-wise composition in two networks that teach each other",
        implementation="cir_bench_clvcnet.method:Clvcnet",
        params=ClvcnetParams,
        needs=NEEDS,
        paper=Paper(
            title="Comprehensive Linguistic-Visual Composition Network for Image Retrieval",
            venue="SIGIR 2021",
            authors="Wen, Song, Yang, Zhan, Nie",
            url="https://doi.org/10.1145/3404835.3462967",
        ),
        card="cir_bench_clvcnet:README.md",
        recipes=RECIPES,
        controlled={
            "*": {"feature_distance": "normed"},
            "css": {  # tuned, but for the width
                "width": 128,
                "mu": 42.2321,
                "nu": 21.4773,
                "lam": 4.2309,
                "eta": 0.0230276,
                "training": {"lr": 0.00058899, "weight_decay": 0.0319353},
            },
        },
        paper_encoder="cnn-lstm",
        encoder_recipes=ENCODER_RECIPES,
        sources=SOURCES,
    )
]


@hookimpl
def cir_bench_composers() -> list[ComposerSpec]:
    """The composer of this plugin."""
    return COMPOSERS


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
