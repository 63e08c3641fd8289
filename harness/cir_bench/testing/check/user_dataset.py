"""The contract of a data set, on the user's own files, for ``cir-bench check``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.testing import DatasetContract


class UserDatasetContract(DatasetContract):
    """Reads ``root/<name>/`` through a link, so that no check can write next to the user's files."""

    root: ClassVar[Path | None] = None
    """The data root, if one was given."""

    def prepare(self, data_root: Path) -> None:
        """Link the data set's folder into ``data_root``; skip the check if it is needed and does not exist."""
        if not self.find(DatasetSpec).spec.needs_root:
            return
        if self.root is None:
            pytest.skip("it is read from files: name the folder that contains them with --data-root DIR")
        folder = self.root.resolve() / self.name
        if not folder.is_dir():
            pytest.skip(f"it is read from files, and there is no folder {folder}")
        (data_root / self.name).symlink_to(folder, target_is_directory=True)
