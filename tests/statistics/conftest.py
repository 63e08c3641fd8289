"""Cells as runs keep them, made from ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pytest
from support import cells

from cir_bench.statistics.queries import QueryResults
from cir_bench.statistics.rows import RowValues, row_values


class Cell(Protocol):
    def __call__(
        self,
        ranks: Sequence[int] | Mapping[str, Sequence[int]],
        /,
        metrics: Sequence[str] = ...,
        headline: Sequence[str] = ...,
        name: str = ...,
        tags: Sequence[Sequence[str]] = ...,
    ) -> QueryResults: ...


class Row(Protocol):
    def __call__(self, hits: np.ndarray, /, seeds: Sequence[int] | None = ...) -> RowValues: ...


def _row(hits, /, seeds=None):
    """A row that hits where ``hits`` ``[S, Q]`` is true."""
    hits = np.atleast_2d(hits)
    made = [cells.cell(np.where(one, 1, 2).tolist()) for one in hits]
    row = row_values(tuple(range(len(hits)) if seeds is None else seeds), made, "R@1")
    assert row is not None
    return row


@pytest.fixture(scope="session")
def cell() -> Cell:
    return cells.cell


@pytest.fixture(scope="session")
def row() -> Row:
    return _row


@pytest.fixture(scope="session")
def graded() -> QueryResults:
    return cells.graded()
