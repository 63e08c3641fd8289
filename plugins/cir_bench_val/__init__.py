"""VAL: visiolinguistic attention learning (Chen et al., CVPR 2020)."""

from __future__ import annotations

from dataclasses import replace

from cir_bench import ComposerSpec, MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_val.params import OFF, PRETRAIN, ValComposerParams, ValParams
from cir_bench_val.recipes import ENCODER_RECIPES, RECIPES
from cir_bench_val.sources import SOURCES

CIR_BENCH_API = 1

_NEEDS = Needs(image=levels("maps"), text=levels("pooled"), map_levels=3)


def val_needs(params: ValParams) -> Needs:
    """Maps of three levels and pooled text; with L_vs descriptions of the benchmark's images, or of another set's."""
    if params.side_text == PRETRAIN and params.side_text_from is not None:
        return replace(_NEEDS, side_text_from=params.side_text_from)
    return replace(_NEEDS, side_text=params.side_text != OFF)


COMPOSERS = [
    ComposerSpec(
        name="val",
        summary="composite transformers on three levels of a CNN's maps",
        implementation="cir_bench_val.composer:ValComposer",
        params=ValComposerParams,
        needs=_NEEDS,
    )
]

METHODS = [
    MethodSpec(
        name="val",
        summary="attention at three depths of the CNN, hierarchical matching; L_vs unofficial",
        implementation="cir_bench_val.method:Val",
        params=ValParams,
        needs=val_needs,
        paper=Paper(
            title="Image Search with Text Feedback by Visiolinguistic Attention Learning",
            venue="CVPR 2020",
            authors="Chen, Gong, Bazzani",
            url="https://openaccess.thecvf.com/content_CVPR_2020/html/"
            "Chen_Image_Search_With_Text_Feedback_by_Visiolinguistic_Attention_Learning_CVPR_2020_paper.html",
        ),
        card="cir_bench_val:README.md",
        recipes=RECIPES,
        controlled={
            "css": {  # tuned; the printed variant, tuned as long, was worse
                "variant": "released",
                "margin": 0.0888056,
                "training": {"lr": 0.00878151, "weight_decay": 3.93189e-05},
            }
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
