"""Domain conversion keeps the contract of a data set that is for evaluation only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cir_bench.testing import DatasetContract


class TestPic2Word(DatasetContract):
    name = "domain-conversion"
    split = "test"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path) -> None:
        self.data_root = root.parent


class TestPairs(TestPic2Word):
    def parameters(self) -> dict[str, Any]:
        return {"of": "ltll"}
