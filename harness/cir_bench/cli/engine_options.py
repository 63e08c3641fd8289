"""The options of `run` that say where its cells are computed, and the run on an executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cir_bench import CellFinished
from cir_bench.cli.common import Settings, with_shared
from cir_bench.config import merge, parse_set
from cir_bench.errors import ConfigError

if TYPE_CHECKING:
    from cir_bench.cli.run_options import RunSetup
    from cir_bench.interfaces.executor import Executor

LOCAL = "local"
RETRIES = 2


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

    @property
    def used(self) -> bool:
        """Whether anything but the default is asked for: cells one after the other, in this process."""
        return self != EngineOptions() and self != EngineOptions(on=LOCAL)

    def values(self) -> Mapping[str, Any]:
        """The executor's parameters."""
        named = {"partition": self.partition, "time": self.time}
        return merge({key: value for key, value in named.items() if value is not None}, parse_set(self.on_set or []))


with_engine_options = with_shared(EngineOptions)
"""Gives a verb the options of an executor, as `EngineOptions`."""


@dataclass(frozen=True)
class RunFlags:
    """Options of `run` alone."""

    workers: int | None
    retry_failed: bool
    fail_fast: bool
    limit: float | None


def run_engine(
    engine: EngineOptions, setup: RunSetup, settings: Settings, flags: RunFlags, config: Path | None
) -> Sequence[CellFinished]:
    """Compute the cells on the executor that the options name."""
    from cir_bench.engine.drive import run_on
    from cir_bench.engine.setup import EngineSetup

    executor = _executor(engine, setup)
    most = engine.max_cells or executor.most_jobs
    parts = EngineSetup(
        bench=setup.bench,
        registry=setup.registry,
        out=setup.out,
        requests=setup.requests,
        plugins=replace(settings.plugins, config=config),
        cache_dir=settings.cache_dir,
        follow_links=settings.follow_links,
        workers=flags.workers,
        cpus=engine.cpus_per_cell or executor.cpus(most),
        gpus=_gpus(engine, setup),
        most_jobs=most,
        retries=RETRIES if engine.retries is None else engine.retries,
        retry_failed=flags.retry_failed,
        fail_fast=flags.fail_fast,
        limit=flags.limit,
    )
    return run_on(executor, setup.cells, parts)


def _executor(engine: EngineOptions, setup: RunSetup) -> Executor:
    from cir_bench.interfaces.executor import Executor, ExecutorContext
    from cir_bench.interfaces.spec_params import make_params, split_argument
    from cir_bench.plugin.registry import create

    name, address = split_argument(engine.on or LOCAL)
    registered = setup.registry.executor(name)
    params = make_params(registered.spec, engine.values(), address)
    made = create(registered, params, ExecutorContext(setup.out.absolute(), engine.max_cells))
    assert isinstance(made, Executor)
    return made


def _gpus(engine: EngineOptions, setup: RunSetup) -> float:
    """Of each cell: one if this machine has any, unless the options say otherwise."""
    import torch

    gpus = engine.gpus_per_cell
    if gpus is None:
        device = setup.requests[0].device
        return float(device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()))
    if gpus > 1 and gpus != int(gpus):
        raise ConfigError(f"--gpus-per-cell {gpus:g}: write a fraction below 1, or a whole number.")
    return gpus
