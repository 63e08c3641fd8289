"""The folder data set keeps the contract of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cir_bench.testing import DatasetContract


class TestFolder(DatasetContract):
    name = "folder"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path, folder: Callable[..., object]) -> None:
        folder()
        self.data_root = root.parent

    def parameters(self) -> Mapping[str, str]:
        return {"path": str(self.data_root / "photos")}
