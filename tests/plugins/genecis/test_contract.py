"""GeneCIS keeps the contract of a data set that is for evaluation only."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.testing import DatasetContract


class TestGeneCIS(DatasetContract):
    name = "genecis"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path) -> None:
        self.data_root = root.parent
