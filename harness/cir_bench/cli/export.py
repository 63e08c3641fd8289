"""``cir-bench export``: the trained model of a finished cell as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.verbs.settings import Settings, refuse_stdout


@with_settings
def export(
    settings: Settings,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished cell, or its record.json.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A new folder for the model.")],
) -> None:
    """Write the trained model of a finished cell: weights (safetensors), settings and digests (JSON), a model card.

    ``cir_bench.load(DIR)`` loads it. Exit codes: 0; 2 for a mistake, such as a cell that is not finished, or whose
    method or encoder has changed since.
    """
    refuse_stdout("--to", to)
    registry = open_registry(settings)
    from cir_bench.search.load import export as write

    context = settings.context()
    write(run, to, registry, context.data_root, context.cache_dir)
    print(to)
