"""Neighbours by dot product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cir_bench.retrieval.passes import Places
from cir_bench.retrieval.scorer import DotScorer, Matrix
from cir_bench.retrieval.search import topk_rows


def nearest(queries: Matrix, gallery: Matrix, k: int, excluded: Sequence[Sequence[int]] = (), **options: Any) -> Places:
    """The k nearest rows of ``gallery`` ``[N, D]`` for each of ``queries`` ``[Q, D]``."""
    return topk_rows(DotScorer(queries, gallery), len(queries), len(gallery), k, excluded, **options)
