"""The contract of a data set, on the files that the user has, for ``cir-bench check``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.testing import DatasetContract


class GivenDataset(DatasetContract):
    """Reads ``root/<name>/`` through a link, so that no check can write beside the user's files."""

    root: ClassVar[Path | None] = None
    """The data root; None: none was named."""

    def prepare(self, data_root: Path) -> None:
        """Link the data set's folder into ``data_root``; skip the check when it is needed and not there."""
        if not self.find(DatasetSpec).spec.needs_root:
            return
        if self.root is None:
            pytest.skip("it is read from files: name the folder that holds them with --data-root DIR")
        folder = self.root.resolve() / self.name
        if not folder.is_dir():
            pytest.skip(f"it is read from files, and there is no folder {folder}")
        (data_root / self.name).symlink_to(folder, target_is_directory=True)
