"""Running one check of a contract, or all of them, against an object of a single-file plugin beside this file.

Torch is not imported with this file: pytest also loads it in the process that only starts others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cir_bench.testing.base import Contract

HERE = Path(__file__).parent
PLUGINS = tuple(sorted(HERE.glob("faulty_*.py")))


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., None]:
    """``check(contract, object, test)`` runs one check; without ``test`` all of them, skipping as they do."""
    from cir_bench.testing.base import FilesContract

    def run(contract: type[Contract], name: str, test: str | None = None) -> None:
        one = type("Case", (contract,), {"name": name, "plugin_files": PLUGINS})
        tests = [test] if test else [name for name in dir(one) if name.startswith("test_")]
        for name_of_test in tests:
            case = one()
            if isinstance(case, FilesContract):
                case.data_root = tmp_path / name_of_test
                case.data_root.mkdir()
                case.prepare(case.data_root)
            try:
                getattr(case, name_of_test)()
            except pytest.skip.Exception:
                assert test is None, "the check that should fail was skipped"

    return run


@pytest.fixture(autouse=True)
def on_ci(monkeypatch):
    """As authors' contracts run in their CI: pytest prints differences in full there, which must not take hours."""
    monkeypatch.setenv("CI", "true")
