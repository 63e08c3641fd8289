"""CIRCO keeps the contracts of a data set that is for evaluation only, and of its submission."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.testing import DatasetContract, SubmissionContract


class TestCIRCO(DatasetContract):
    name = "circo"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path) -> None:
        self.data_root = root.parent


class TestHiddenTargets(TestCIRCO):
    split = "test"
    hidden = True


class TestSubmission(SubmissionContract):
    name = "circo"
