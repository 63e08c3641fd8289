"""The baselines and sentinels of every table: what a composition method has to beat, and what chance looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cir_bench import MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_baselines.params import ConcatParams, FilmParams, RelationshipParams, ScaleParams

CIR_BENCH_API = 1

_CARD = "cir_bench_baselines:README.md"
_NOTHING = Needs(image=levels(), text=levels())
_SAME_WIDTH = Needs(same_width=True)
_LAST_MAP = Needs(image=levels("maps"), text=levels("pooled"), map_levels=1)

_NAIVE_LOSS = {"batch-classification": {"learn_scale": False}}
"""For a composer without parameters: on a frozen encoder there is nothing to train, and an encoder that is trained
learns from this loss. Its scale stays at its start (4, logits 16 · cos), so that the method owns no parameter."""


def _scaled_loss(params: ScaleParams) -> Mapping[str, Mapping[str, Any]]:
    """TIRG's loss, as the trained baselines minimise it."""
    return {"batch-classification": {"scale": params.scale}}


METHODS = [
    MethodSpec(
        name="random",
        summary="sentinel: random scores; must come out at chance",
        version="2",  # names in place of features
        implementation="cir_bench_baselines.sentinels:RandomComposer",
        loss={},
        needs=_NOTHING,
        kind="sentinel",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="constant",
        summary="sentinel: all scores equal; must come out at chance",
        implementation="cir_bench_baselines.sentinels:ConstantComposer",
        loss={},
        needs=_NOTHING,
        kind="sentinel",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="image-only",
        summary="cosine of reference image and candidate; ignores the text",
        implementation="cir_bench_baselines.naive:ImageOnlyComposer",
        loss=_NAIVE_LOSS,
        kind="baseline",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="text-only",
        summary="cosine of modification text and candidate; ignores the reference image",
        implementation="cir_bench_baselines.naive:TextOnlyComposer",
        loss=_NAIVE_LOSS,
        needs=_SAME_WIDTH,
        kind="baseline",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="sum",
        summary="cosine of (normed image + normed text) and candidate",
        implementation="cir_bench_baselines.naive:SumComposer",
        loss=_NAIVE_LOSS,
        needs=_SAME_WIDTH,
        kind="baseline",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="concat",
        summary="two-layer MLP on [image; text], batch classification loss",
        implementation="cir_bench_baselines.concat:ConcatComposer",
        loss=_scaled_loss,
        params=ConcatParams,
        kind="baseline",
        controlled={
            "css": {  # tuned
                "scale": 4.47056,
                "dropout": 0.0796603,
                "training": {"lr": 0.00751888, "weight_decay": 6.43595e-05},
            },
            "fashioniq": {"training": {"lr": 5e-4, "schedule": "cosine"}},
        },
        card=_CARD,
    ),
    MethodSpec(
        name="film",
        summary="the text scales and shifts the image's last feature map",
        implementation="cir_bench_baselines.film:FilmComposer",
        loss=_scaled_loss,
        params=FilmParams,
        needs=_LAST_MAP,
        kind="baseline",
        controlled={"css": {"scale": 4.07762, "training": {"lr": 0.0140053, "weight_decay": 0.047154}}},  # tuned
        paper=Paper(
            title="FiLM: Visual Reasoning with a General Conditioning Layer",
            venue="AAAI 2018",
            authors="Perez, Strub, de Vries, Dumoulin, Courville",
            url="https://arxiv.org/abs/1709.07871",
        ),
        card=_CARD,
    ),
    MethodSpec(
        name="relationship",
        summary="relation network over pairs of local image features and the text",
        implementation="cir_bench_baselines.relationship:RelationshipComposer",
        loss=_scaled_loss,
        params=RelationshipParams,
        needs=_LAST_MAP,
        kind="baseline",
        controlled={"css": {"hidden": 128, "training": {"lr": 1e-3}}},  # tuning found nothing better
        paper=Paper(
            title="A simple neural network module for relational reasoning",
            venue="NeurIPS 2017",
            authors="Santoro, Raposo, Barrett, Malinowski, Pascanu, Battaglia, Lillicrap",
            url="https://arxiv.org/abs/1706.01427",
        ),
        card=_CARD,
    ),
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The baselines and sentinels; their composers have the same names."""
    return METHODS
