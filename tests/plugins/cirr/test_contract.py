"""CIRR keeps the contracts of a data set and of its submission."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.testing import DatasetContract, SubmissionContract


class TestCIRR(DatasetContract):
    name = "cirr"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path) -> None:
        self.data_root = root.parent


class TestHiddenTargets(TestCIRR):
    split = "test1"
    hidden = True


class TestSubmission(SubmissionContract):
    name = "cirr"
