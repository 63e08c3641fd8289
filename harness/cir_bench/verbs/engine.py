"""`EngineChoice`: where the cells of a run are computed, and the run on an executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cir_bench.config import merge
from cir_bench.errors import ConfigError
from cir_bench.interfaces.events import CellFinished
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.engine.setup import EngineSetup
    from cir_bench.engine.tune import Told
    from cir_bench.interfaces.executor import Executor
    from cir_bench.runs.tuning import Search
    from cir_bench.verbs.choice import RunSetup

LOCAL = "local"
RETRIES = 2
TRIALS_AT_ONCE = 4
"""Of a tuning on an executor, unless the user says it: the more there are, the later one learns from another."""


@dataclass(frozen=True)
class EngineChoice:
    """None or empty for whatever is not mentioned."""

    on: str | None = None
    max_cells: int | None = None
    gpus_per_cell: float | None = None
    cpus_per_cell: int | None = None
    retries: int | None = None
    partition: str | None = None
    time: str | None = None
    on_set: Mapping[str, Any] = field(default_factory=dict)
    """Nested parameters of the executor."""

    @property
    def used(self) -> bool:
        """Whether anything but the default is asked for: cells one after the other, in this process."""
        return self != EngineChoice() and self != EngineChoice(on=LOCAL)

    def values(self) -> Mapping[str, Any]:
        """The executor's parameters."""
        named = {"partition": self.partition, "time": self.time}
        return merge({key: value for key, value in named.items() if value is not None}, self.on_set)


@dataclass(frozen=True)
class RunFlags:
    """Options of `run` alone."""

    workers: int | None = None
    retry_failed: bool = False
    fail_fast: bool = False
    limit: float | None = None
    """Seconds that a cell may take."""


def run_engine(
    engine: EngineChoice, setup: RunSetup, settings: Settings, flags: RunFlags, config: Path | None
) -> Sequence[CellFinished]:
    """Compute the cells on the executor that is chosen."""
    from cir_bench.engine.drive import run_on

    executor = _executor(engine, setup)
    most = engine.max_cells or executor.most_jobs
    return run_on(executor, setup.cells, _setup(engine, setup, settings, flags, config, executor, most))


def tune_engine(
    engine: EngineChoice,
    setup: RunSetup,
    settings: Settings,
    workers: int | None,
    config: Path | None,
    searches: Sequence[Search],
    told: Told,
) -> None:
    """Run the trials of searches on the executor that is chosen."""
    from cir_bench.engine.tune import tune_on

    executor = _executor(engine, setup)
    most = engine.max_cells or min(TRIALS_AT_ONCE, executor.most_jobs)
    flags = RunFlags(workers=workers)
    tune_on(executor, searches, _setup(engine, setup, settings, flags, config, executor, most), told)


def _setup(
    engine: EngineChoice,
    setup: RunSetup,
    settings: Settings,
    flags: RunFlags,
    config: Path | None,
    executor: Executor,
    most: int,
) -> EngineSetup:
    from cir_bench.engine.setup import EngineSetup

    return EngineSetup(
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


def _executor(engine: EngineChoice, setup: RunSetup) -> Executor:
    from cir_bench.interfaces.executor import Executor, ExecutorContext
    from cir_bench.interfaces.spec_params import make_params, split_argument
    from cir_bench.plugin.registry import create

    name, address = split_argument(engine.on or LOCAL)
    registered = setup.registry.executor(name)
    params = make_params(registered.spec, engine.values(), address)
    made = create(registered, params, ExecutorContext(setup.out.absolute(), engine.max_cells))
    assert isinstance(made, Executor)
    return made


def _gpus(engine: EngineChoice, setup: RunSetup) -> float:
    """Of each cell: one if this machine has any, unless the options say otherwise."""
    import torch

    gpus = engine.gpus_per_cell
    if gpus is None:
        device = setup.requests[0].device
        return float(device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()))
    if gpus > 1 and gpus != int(gpus):
        raise ConfigError(f"--gpus-per-cell {gpus:g}: write a fraction below 1, or a whole number.")
    return gpus
