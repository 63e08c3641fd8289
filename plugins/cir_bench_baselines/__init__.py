"""The baselines and sentinels of every table: what a composition method has to beat, and what chance looks like."""

from __future__ import annotations

from cir_bench import ComposerSpec, MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_baselines.params import (
    ConcatComposerParams,
    ConcatParams,
    FilmComposerParams,
    FilmParams,
    RelationshipComposerParams,
    RelationshipParams,
)

CIR_BENCH_API = 1

_CARD = "cir_bench_baselines:README.md"
_SAME_WIDTH = Needs(same_width=True)
_LAST_MAP = Needs(image=levels("maps"), text=levels("pooled"), map_levels=1)

COMPOSERS = [
    ComposerSpec(
        name="random",
        summary="a random vector per query and per candidate, fixed by seed and content",
        implementation="cir_bench_baselines.sentinels:RandomComposer",
    ),
    ComposerSpec(
        name="constant",
        summary="the same vector for everything",
        implementation="cir_bench_baselines.sentinels:ConstantComposer",
    ),
    ComposerSpec(
        name="image-only",
        summary="the reference image's features as the query",
        implementation="cir_bench_baselines.naive:ImageOnlyComposer",
    ),
    ComposerSpec(
        name="text-only",
        summary="the modification text's features as the query",
        implementation="cir_bench_baselines.naive:TextOnlyComposer",
        needs=_SAME_WIDTH,
    ),
    ComposerSpec(
        name="sum",
        summary="normed image features plus normed text features",
        implementation="cir_bench_baselines.naive:SumComposer",
        needs=_SAME_WIDTH,
    ),
    ComposerSpec(
        name="concat",
        summary="two-layer MLP on [image; text]",
        implementation="cir_bench_baselines.concat:ConcatComposer",
        params=ConcatComposerParams,
    ),
    ComposerSpec(
        name="film",
        summary="the last feature map scaled and shifted by the text, pooled",
        implementation="cir_bench_baselines.film:FilmComposer",
        params=FilmComposerParams,
        needs=_LAST_MAP,
    ),
    ComposerSpec(
        name="relationship",
        summary="pairs of positions of the last feature map with the text through an MLP, summed, an MLP",
        implementation="cir_bench_baselines.relationship:RelationshipComposer",
        params=RelationshipComposerParams,
        needs=_LAST_MAP,
    ),
]

METHODS = [
    MethodSpec(
        name="random",
        summary="sentinel: random scores; must come out at chance",
        implementation="cir_bench_baselines.methods:RandomMethod",
        kind="sentinel",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="constant",
        summary="sentinel: all scores equal; must come out at chance",
        implementation="cir_bench_baselines.methods:ConstantMethod",
        kind="sentinel",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="image-only",
        summary="cosine of reference image and candidate; ignores the text",
        implementation="cir_bench_baselines.methods:ImageOnlyMethod",
        kind="baseline",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="text-only",
        summary="cosine of modification text and candidate; ignores the reference image",
        implementation="cir_bench_baselines.methods:TextOnlyMethod",
        needs=_SAME_WIDTH,
        kind="baseline",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="sum",
        summary="cosine of (normed image + normed text) and candidate",
        implementation="cir_bench_baselines.methods:SumMethod",
        needs=_SAME_WIDTH,
        kind="baseline",
        learns=False,
        card=_CARD,
    ),
    MethodSpec(
        name="concat",
        summary="two-layer MLP on [image; text], batch classification loss",
        implementation="cir_bench_baselines.methods:ConcatMethod",
        params=ConcatParams,
        kind="baseline",
        controlled={"css": {"training": {"lr": 3e-3}}, "fashioniq": {"training": {"lr": 5e-4, "schedule": "cosine"}}},
        card=_CARD,
    ),
    MethodSpec(
        name="film",
        summary="the text scales and shifts the image's last feature map",
        implementation="cir_bench_baselines.methods:FilmMethod",
        params=FilmParams,
        needs=_LAST_MAP,
        kind="baseline",
        controlled={"css": {"training": {"lr": 1e-2}}},
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
        implementation="cir_bench_baselines.methods:RelationshipMethod",
        params=RelationshipParams,
        needs=_LAST_MAP,
        kind="baseline",
        controlled={"css": {"hidden": 128, "training": {"lr": 3e-3}}},
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
def cir_bench_composers() -> list[ComposerSpec]:
    """The composers of this plugin."""
    return COMPOSERS


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The methods of this plugin."""
    return METHODS
