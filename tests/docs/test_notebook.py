"""The notebook runs, and the copy in the repository shows what it shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")


@pytest.fixture(scope="module")
def tool(checkout: Path) -> Any:
    spec = importlib.util.spec_from_file_location("execute", checkout / "docs" / "execute.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kinds(notebook: Any) -> list[list[list[str]]]:
    """By cell of code the forms of each of its outputs."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[sorted(output.get("data", {output.output_type: ""})) for output in cell.outputs] for cell in cells]


def test_it_runs_and_is_shown_as_it_runs(tool: Any) -> None:
    committed = nbformat.read(tool.NOTEBOOK, as_version=4)
    assert kinds(tool.executed()) == kinds(committed)  # `make notebook` writes it anew
    assert not any(output.output_type == "error" for cell in committed.cells for output in cell.get("outputs", ()))
