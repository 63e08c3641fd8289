"""ARTEMIS: a score of text, reference and candidate with attention by the text (Delmas et al., ICLR 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cir_bench import ComposerSpec, MethodSpec, Paper, hookimpl
from cir_bench_artemis.params import ArtemisComposerParams, ArtemisParams

CIR_BENCH_API = 1

COMPOSERS = [
    ComposerSpec(
        name="artemis",
        summary="explicit matching of text and candidate, implicit similarity of reference and candidate",
        implementation="cir_bench_artemis.composer:ArtemisComposer",
        params=ArtemisComposerParams,
    )
]


def loss(params: ArtemisParams) -> Mapping[str, Mapping[str, Any]]:
    """Batch-based classification with a learned temperature."""
    return {"batch-classification": {"scale": params.scale, "scale_on": "similarity"}}


METHODS = [
    MethodSpec(
        name="artemis",
        summary="ARTEMIS: text and reference each score a candidate, under the text's attention; it does not factorise",
        implementation="cir_bench_artemis.composer:ArtemisComposer",
        params=ArtemisParams,
        loss=loss,
        paper=Paper(
            title="ARTEMIS: Attention-based Retrieval with Text-Explicit Matching and Implicit Similarity",
            venue="ICLR 2022",
            authors="Delmas, Rezende, Csurka, Larlus",
            url="https://arxiv.org/abs/2203.08101",
        ),
        card="cir_bench_artemis:README.md",
        controlled={
            "css": {  # tuned, but for the schedule
                "scale": 7.6778,
                "training": {"lr": 0.0140053, "weight_decay": 0.047154, "schedule": "cosine"},
            }
        },
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
