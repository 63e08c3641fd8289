"""``cir-bench export``: the trained model of a finished cell as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.cli.records import chosen_cell
from cir_bench.errors import ConfigError
from cir_bench.verbs.settings import Settings, refuse_stdout


@with_settings
def export(
    settings: Settings,
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished cell, or of many (runs): the best is taken.")
    ],
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="A new folder for the model.")] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A new .safetensors file for the weights alone, in the layout in which the method's authors publish "
            "theirs; cir-bench run --weights reads it.",
        ),
    ] = None,
) -> None:
    """Write the trained model of a finished cell: weights (safetensors), settings and digests (JSON), a model card.

    ``cir_bench.load(DIR)`` loads it. With --weights, the weights alone are written, for
    ``cir-bench run --weights``. Exit codes: 0; 2 for a mistake, such as a cell that is not finished, or whose method or
    encoder has changed since.
    """
    refuse_stdout("--to", to)
    refuse_stdout("--weights", weights)
    if to is None and weights is None:
        raise ConfigError("say what to write: --to DIR for the model folder, --weights FILE for its weights alone.")
    registry, context = open_registry(settings), settings.context()
    run = chosen_cell(run, registry, model=to is not None, weights=weights is not None)
    if to is not None:
        from cir_bench.search.load import export as write

        write(run, to, registry, context.data_root, context.cache_dir)
        print(to)
    if weights is not None:
        from cir_bench.search.weights import export_weights

        export_weights(run, weights, registry, context.data_root, context.cache_dir)
        print(weights)
