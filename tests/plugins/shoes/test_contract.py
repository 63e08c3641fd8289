"""Shoes keeps the contract of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from cir_bench.testing import DatasetContract


class TestShoes(DatasetContract):
    name = "shoes"
    split = "eval"

    @pytest.fixture
    def data_root(self, data_root: Path) -> Path:
        return data_root


class TestBothSides(TestShoes):
    split = "eval-both-sides"
    params: ClassVar = {"sides": "both"}
