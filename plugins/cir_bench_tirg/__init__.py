"""TIRG: text and image residual gating (Vo et al., CVPR 2019)."""

from __future__ import annotations

from cir_bench import ComposerSpec, MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_tirg.params import JOINT, LAST_CONV, TirgComposerParams, TirgLastConvComposerParams, TirgParams
from cir_bench_tirg.recipes import ENCODER_RECIPES, RECIPES
from cir_bench_tirg.sources import SOURCES

CIR_BENCH_API = 1

_LAST_CONV_NEEDS = Needs(image=levels("maps"), text=levels("pooled"), map_levels=1)


def pooled_needs(params: TirgComposerParams) -> Needs:
    """Pooled features; with ``reads=joint``, those of the pair in the place of the text's."""
    return Needs(text=levels(), joint=levels("pooled")) if params.reads == JOINT else Needs()


def tirg_needs(params: TirgParams) -> Needs:
    """Pooled features, or the last map for ``level=last-conv``."""
    return _LAST_CONV_NEEDS if params.level == LAST_CONV else pooled_needs(params)


COMPOSERS = [
    ComposerSpec(
        name="tirg",
        summary="gated image features plus a residual of [image; text]",
        implementation="cir_bench_tirg.composer:TirgComposer",
        params=TirgComposerParams,
        needs=pooled_needs,
    ),
    ComposerSpec(
        name="tirg-last-conv",
        summary="TIRG on the last feature map, with 3x3 convolutions",
        implementation="cir_bench_tirg.last_conv:TirgLastConvComposer",
        params=TirgLastConvComposerParams,
        needs=_LAST_CONV_NEEDS,
    ),
]

METHODS = [
    MethodSpec(
        name="tirg",
        summary="gated residual composition of image and text features",
        implementation="cir_bench_tirg.method:Tirg",
        params=TirgParams,
        needs=tirg_needs,
        paper=Paper(
            title="Composing Text and Image for Image Retrieval - An Empirical Odyssey",
            venue="CVPR 2019",
            authors="Vo, Jiang, Sun, Murphy, Li, Fei-Fei, Hays",
            url="https://arxiv.org/abs/1812.07119",
        ),
        card="cir_bench_tirg:README.md",
        recipes=RECIPES,
        controlled={
            "css": {"scale": 3.45768, "training": {"lr": 0.00326156, "weight_decay": 0.000380345}},  # tuned
            "fashioniq": {"scale": 3.45768, "training": {"lr": 0.00212819, "weight_decay": 0.000380345}},  # tuned
        },
        paper_encoder="cnn-lstm:resnet18",
        encoder_recipes=ENCODER_RECIPES,
        sources=SOURCES,
    )
]


@hookimpl
def cir_bench_composers() -> list[ComposerSpec]:
    """The composers of this plugin."""
    return COMPOSERS


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
