"""Combiner of CLIP features: CLIP4Cir (Baldrati et al., CVPRW 2022)."""

from __future__ import annotations

from cir_bench import ComposerSpec, MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_combiner.checkpoint import PUBLISHED
from cir_bench_combiner.params import JOINT, CombinerComposerParams, CombinerParams
from cir_bench_combiner.recipes import ENCODER_RECIPES, RECIPES
from cir_bench_combiner.sources import SOURCES

CIR_BENCH_API = 1


def combiner_needs(params: CombinerComposerParams | CombinerParams) -> Needs:
    """Pooled features of one width; with ``reads=joint``, those of the pair in the place of the text's."""
    if params.reads == JOINT:
        return Needs(text=levels(), joint=levels("pooled"))
    return Needs(same_width=True)


COMPOSERS = [
    ComposerSpec(
        name="combiner",
        summary="MLP on projected image and text features plus their learned convex sum",
        implementation="cir_bench_combiner.composer:CombinerComposer",
        params=CombinerComposerParams,
        needs=combiner_needs,
    )
]

METHODS = [
    MethodSpec(
        name="combiner",
        summary="CLIP4Cir: fine-tune the encoder with the sum, then train a Combiner on frozen features",
        implementation="cir_bench_combiner.method:Combiner",
        params=CombinerParams,
        needs=combiner_needs,
        paper=Paper(
            title="Conditioned and Composed Image Retrieval Combining and Partially Fine-Tuning CLIP-Based Features",
            venue="CVPRW 2022",
            authors="Baldrati, Bertini, Uricchio, Del Bimbo",
            url="https://doi.org/10.1109/CVPRW56347.2022.00543",
        ),
        published=PUBLISHED,
        card="cir_bench_combiner:README.md",
        recipes=RECIPES,
        controlled={
            "css": {  # tuned
                "dropout": 0.0176516,
                "scale": 13.187,
                "training": {"lr": 0.00112682, "weight_decay": 1.12436e-05},
            },
            "fashioniq": {  # tuned, but for the schedule
                "dropout": 0.384221,
                "scale": 46.3469,
                "training": {"lr": 0.0013739, "weight_decay": 2.03317e-05, "schedule": "cosine"},
            },
            "cirr": {"training": {"lr": 5e-4, "schedule": "cosine"}},  # not tuned
        },
        paper_encoder="openclip:RN50x4:openai",
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
