"""Two stages: any composer, whose best candidates a small network then compares with the query one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cir_bench import MethodSpec, Needs, Paper, hookimpl, levels
from cir_bench_rerank.params import RerankParams

CIR_BENCH_API = 1


def rerank_needs(params: RerankParams) -> Needs:
    """Pooled features, in addition to what the first stage needs."""
    return Needs(image=levels("pooled"), text=levels("pooled"))


def rerank_wraps(params: RerankParams) -> Mapping[str, Mapping[str, Any]]:
    """The composer of the first stage."""
    return {params.first: params.of_first()}


METHODS = [
    MethodSpec(
        name="rerank",
        summary="any composer, and a second stage that compares reference, text and each of its best candidates",
        implementation="cir_bench_rerank.method:Rerank",
        params=RerankParams,
        needs=rerank_needs,
        wraps=rerank_wraps,
        paper=Paper(
            title="Candidate Set Re-ranking for Composed Image Retrieval with Dual Multi-modal Encoder",
            venue="TMLR 2024",
            authors="Liu, Sun, Teney, Gould",
            url="https://openreview.net/forum?id=fJAwemcvpL",
        ),
        card="cir_bench_rerank:README.md",
        controlled={
            # tuning found nothing better
            "css": {"training": {"lr": 3e-3}, "second": {"batch_size": 128, "siblings": 8}},
            "fashioniq": {"training": {"lr": 3e-4}},
        },
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS
