"""The kinds of objects that plugins register, each with its hook, its spec and its base class."""

from __future__ import annotations

from dataclasses import dataclass

from cir_bench.interfaces.specs import (
    ComposerSpec,
    DatasetSpec,
    EncoderSpec,
    ExecutorSpec,
    LossSpec,
    MethodSpec,
    Spec,
    TrackerSpec,
)


@dataclass(frozen=True)
class Kind:
    """One kind of object."""

    name: str
    """As in messages: "there is no method 'x'"."""
    plural: str
    """As in ``cir-bench ls methods``."""
    hook: str
    spec: type[Spec]
    base: str
    """The base class of implementations, ``"module:Class"``; only named here, because it imports torch."""


KINDS = (
    Kind("method", "methods", "cir_bench_methods", MethodSpec, "cir_bench.interfaces.method:Method"),
    Kind("composer", "composers", "cir_bench_composers", ComposerSpec, "cir_bench.interfaces.composer:Composer"),
    Kind("loss", "losses", "cir_bench_losses", LossSpec, "cir_bench.interfaces.loss:Loss"),
    Kind("encoder", "encoders", "cir_bench_encoders", EncoderSpec, "cir_bench.interfaces.encoder:Encoder"),
    Kind("dataset", "datasets", "cir_bench_datasets", DatasetSpec, "cir_bench.interfaces.dataset:Dataset"),
    Kind("executor", "executors", "cir_bench_executors", ExecutorSpec, "cir_bench.interfaces.executor:Executor"),
    Kind("tracker", "trackers", "cir_bench_trackers", TrackerSpec, "cir_bench.interfaces.tracker:Tracker"),
)
BENCHMARKS_HOOK = "cir_bench_benchmarks"


def kind_of(spec: Spec | type[Spec]) -> Kind:
    """The kind of a spec or a spec class."""
    spec_class = spec if isinstance(spec, type) else type(spec)
    for kind in KINDS:
        if issubclass(spec_class, kind.spec):
            return kind
    raise TypeError(f"{spec_class.__name__} is not a spec of any kind")
