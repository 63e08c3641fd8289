"""Fashion200k keeps the contract of a data set and of a sampler."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.testing import DatasetContract


class TestFashion200k(DatasetContract):
    name = "fashion200k"
    split = "test"

    @pytest.fixture(autouse=True)
    def prepared(self, data_root: Path) -> None:
        self.data_root = data_root


class TestDerivedQueries(TestFashion200k):
    split = "test-derived"
