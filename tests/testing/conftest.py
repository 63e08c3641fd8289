"""Running one check of a contract, or all of them, against an object of a single-file plugin beside this file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from cir_bench.testing.base import Contract

HERE = Path(__file__).parent
PLUGINS = tuple(sorted(HERE.glob("faulty_*.py")))


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., None]:
    """``check(contract, object, test)`` runs one check; without ``test`` all of them, skipping as they do."""

    def run(contract: type[Contract], name: str, test: str | None = None) -> None:
        one = type("Case", (contract,), {"name": name, "plugin_files": PLUGINS})
        tests = [test] if test else [name for name in dir(one) if name.startswith("test_")]
        for place, name_of_test in enumerate(tests):
            function = getattr(one(), name_of_test)
            folder = tmp_path / str(place)
            folder.mkdir()
            if "data_root" in inspect.signature(function).parameters:
                one().prepare(folder)  # type: ignore[attr-defined] # contracts with a data root have it
                function(folder)
                continue
            try:
                function()
            except pytest.skip.Exception:
                assert test is None, "the check that should fail was skipped"

    return run


@pytest.fixture(autouse=True)
def on_ci(monkeypatch):
    """As authors' contracts run in their CI: there pytest prints differences in full, which must not take hours."""
    monkeypatch.setenv("CI", "true")
