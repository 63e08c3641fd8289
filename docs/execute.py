"""Runs notebook.ipynb and keeps what it shows, for readers on GitHub: ``make notebook``. A test runs it, too."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOTEBOOK = HERE / "notebook.ipynb"


def executed() -> Any:
    """The notebook after it has run in an empty folder next to ``leaderboard/``; the first error in it is raised."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "docs"
        place.mkdir()
        (place.parent / "leaderboard").symlink_to(HERE.parent / "leaderboard")
        environment = {**os.environ, "CIR_BENCH_CACHE": str(place / "cache")}
        resources = {"metadata": {"path": str(place)}}
        client = NotebookClient(notebook, timeout=280, kernel_name="python3", resources=resources)
        client.execute(env=environment)
    for cell in notebook.cells:
        cell.metadata.clear()  # when it ran
    return notebook


def main() -> int:
    """Write the notebook with what it shows now."""
    import nbformat

    nbformat.write(executed(), NOTEBOOK)
    print(NOTEBOOK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
