"""The hooks; all are optional. Imports no torch.

The first eight register objects, and return a list; the others hear of a run by one event, which they may leave out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pluggy

from cir_bench.interfaces import specs
from cir_bench.interfaces.events import CellFinished, CellStarted, EpochFinished, RunFinished, RunStarted, WorkProgress

GROUP = "cir_bench"
"""The entry point group, and the project name of the hook markers."""
API_VERSION = 1
"""Version of the plugin API. A plugin says which it speaks: ``CIR_BENCH_API = 1`` at module level."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def cir_bench_datasets() -> Iterable[specs.DatasetSpec]:
    """Data sets."""
    return ()


@hookspec
def cir_bench_encoders() -> Iterable[specs.EncoderSpec]:
    """Encoders."""
    return ()


@hookspec
def cir_bench_composers() -> Iterable[specs.ComposerSpec]:
    """Composers."""
    return ()


@hookspec
def cir_bench_losses() -> Iterable[specs.LossSpec]:
    """Losses."""
    return ()


@hookspec
def cir_bench_methods() -> Iterable[specs.MethodSpec]:
    """Methods: what `run` runs and the leaderboard ranks."""
    return ()


@hookspec
def cir_bench_executors() -> Iterable[specs.ExecutorSpec]:
    """Executors: where ``cir-bench run --on NAME`` computes cells."""
    return ()


@hookspec
def cir_bench_trackers() -> Iterable[specs.TrackerSpec]:
    """Trackers: what ``cir-bench run --track-with NAME`` sends a run to."""
    return ()


@hookspec
def cir_bench_benchmarks() -> Iterable[Path]:
    """Benchmark files (YAML): a data set with its named, versioned protocols."""
    return ()


@hookspec
def cir_bench_run_started(event: RunStarted) -> None:
    """A run begins."""


@hookspec
def cir_bench_cell_started(event: CellStarted) -> None:
    """A cell begins to run."""


@hookspec
def cir_bench_progress(event: WorkProgress) -> None:
    """A batch is done, of training or of feature extraction."""


@hookspec
def cir_bench_epoch_finished(event: EpochFinished) -> None:
    """An epoch of training is done."""


@hookspec
def cir_bench_cell_finished(event: CellFinished) -> None:
    """A cell is done, has failed, was interrupted, or is skipped."""


@hookspec
def cir_bench_run_finished(event: RunFinished) -> None:
    """A run is over, or was interrupted."""
