"""SADN: semantic distillation from the neighbourhood, around any composer (Wang et al., ACM MM 2024). Unofficial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cir_bench import LossSpec, MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_sadn.params import FocalInfoNCEParams, SadnParams
from cir_bench_sadn.recipes import ENCODER_RECIPES, RECIPES
from cir_bench_sadn.sources import SOURCES

CIR_BENCH_API = 1


def sadn_needs(params: SadnParams) -> Needs:
    """Nothing but what the base needs; a first stage adds image and text features up."""
    return Needs(same_width=True) if params.finetune else Needs(image=levels(), text=levels())


def sadn_wraps(params: SadnParams) -> Mapping[str, Mapping[str, Any]]:
    """The base composer."""
    return {params.base: params.of_base()}


LOSSES = [
    LossSpec(
        name="focal-infonce",
        summary="InfoNCE of tau · cos, weighted by (1 - p)^gamma so that hard queries count more (SADN)",
        implementation="cir_bench_sadn.focal:FocalInfoNCELoss",
        params=FocalInfoNCEParams,
    )
]

METHODS = [
    MethodSpec(
        name="sadn",
        summary="any composer, its queries refined by their neighbours in the gallery (unofficial: no published code)",
        implementation="cir_bench_sadn.method:Sadn",
        params=SadnParams,
        needs=sadn_needs,
        wraps=sadn_wraps,
        paper=Paper(
            title="Semantic Distillation from Neighborhood for Composed Image Retrieval",
            venue="ACM MM 2024",
            authors="Wang, Huang, Li, Yuan",
            url="https://doi.org/10.1145/3664647.3681493",
        ),
        card="cir_bench_sadn:README.md",
        recipes=RECIPES,
        controlled={
            "css": {  # tuned, but for the base's dropout and the schedule
                "base_params": {"combiner": {"dropout": 0.1}},
                "gamma": 2.21404,
                "tau": 14.7199,
                "neighbours": 6,
                "lambda_adapt": 794.124,
                "training": {"lr": 0.00154983, "weight_decay": 1.55515e-06, "schedule": "constant"},
            },
            "fashioniq": {  # tuned, but for the schedule
                "gamma": 0.915817,
                "tau": 23.2419,
                "neighbours": 17,
                "lambda_adapt": 94.8629,
                "training": {"lr": 0.000203876, "weight_decay": 1.33896e-05, "schedule": "constant"},
            },
        },
        paper_encoder="openclip:RN50x4:openai",
        encoder_recipes=ENCODER_RECIPES,
        sources=SOURCES,
    )
]


@hookimpl
def cir_bench_losses() -> list[LossSpec]:
    """The loss of this plugin."""
    return LOSSES


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
