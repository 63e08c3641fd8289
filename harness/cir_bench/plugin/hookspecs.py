"""The hooks, on one screen. Each returns a list; all are optional. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pluggy

from cir_bench.interfaces.specs import ComposerSpec, DatasetSpec, EncoderSpec, LossSpec, MethodSpec

GROUP = "cir_bench"
"""The entry point group, and the project name of the hook markers."""

API_VERSION = 1
"""Version of the plugin API. A plugin says which it speaks: ``CIR_BENCH_API = 1`` at module level."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def cir_bench_datasets() -> Iterable[DatasetSpec]:
    """Data sets."""
    return ()


@hookspec
def cir_bench_encoders() -> Iterable[EncoderSpec]:
    """Encoders."""
    return ()


@hookspec
def cir_bench_composers() -> Iterable[ComposerSpec]:
    """Composers."""
    return ()


@hookspec
def cir_bench_losses() -> Iterable[LossSpec]:
    """Losses."""
    return ()


@hookspec
def cir_bench_methods() -> Iterable[MethodSpec]:
    """Methods: what `run` runs and the leaderboard ranks."""
    return ()


@hookspec
def cir_bench_benchmarks() -> Iterable[Path]:
    """Benchmark files (YAML): a data set with its named, versioned protocols."""
    return ()
