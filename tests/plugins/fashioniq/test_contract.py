"""FashionIQ keeps the contract of a data set."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.testing import DatasetContract


class TestFashionIQ(DatasetContract):
    name = "fashioniq"

    @pytest.fixture(autouse=True)
    def prepared(self, data_root: Path) -> None:
        self.data_root = data_root


class TestHiddenTargets(TestFashionIQ):
    split = "test"
    hidden = True
