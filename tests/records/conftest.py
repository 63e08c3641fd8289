"""What a cell keeps of its queries, made from ranks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support import cells

from cir_bench.statistics.queries import QueryResults


@pytest.fixture(scope="session")
def cell() -> Callable[..., QueryResults]:
    return cells.cell


@pytest.fixture(scope="session")
def graded() -> QueryResults:
    return cells.graded()
