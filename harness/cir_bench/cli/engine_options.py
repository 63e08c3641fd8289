"""The options of `run` that say where its cells are computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from cir_bench.cli.common import with_shared
from cir_bench.config import parse_set
from cir_bench.verbs.engine import RETRIES, EngineChoice


@dataclass(frozen=True)
class EngineOptions:
    """What the command line says; None for whatever it does not mention."""

    on: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:ADDRESS]",
            help="Where cells are computed: an executor (cir-bench ls executors). Default: local.",
        ),
    ] = None
    max_cells: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Cells at the same time, each in a process of its own.")
    ] = None
    gpus_per_cell: Annotated[
        float | None, typer.Option(min=0.0, metavar="N", help="GPUs of a cell; 0.5 shares one between two.")
    ] = None
    cpus_per_cell: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processors of a cell.")] = None
    retries: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help=f"How often a cell is tried again that loses its worker. Default: {RETRIES}."
        ),
    ] = None
    partition: Annotated[str | None, typer.Option(metavar="NAME", help="Of a cluster, for the executor.")] = None
    time: Annotated[str | None, typer.Option(metavar="HH:MM:SS", help="What a cell may take, for the executor.")] = None
    on_set: Annotated[
        list[str] | None, typer.Option("--on-set", metavar="KEY=VALUE", help="A parameter of the executor.")
    ] = None

    def choice(self) -> EngineChoice:
        """Where to compute."""
        return EngineChoice(**{**vars(self), "on_set": parse_set(self.on_set or [])})


with_engine_options = with_shared(EngineOptions)
"""Gives a verb the options of an executor, as `EngineOptions`."""
