"""The kinds of objects a plugin registers: one row each, so that hooks, specs and base classes stay in step."""

from __future__ import annotations

from dataclasses import dataclass

from cir_bench.interfaces.specs import ComposerSpec, DatasetSpec, EncoderSpec, LossSpec, MethodSpec, Spec


@dataclass(frozen=True)
class Kind:
    """One kind of object."""

    name: str
    """As in a message: "unknown method 'x'"."""
    plural: str
    """As in ``cir-bench ls methods``."""
    hook: str
    spec: type[Spec]
    base: str
    """The class that implementations derive from, ``"module:Class"``; it imports torch, so it is only named here."""


KINDS = (
    Kind("method", "methods", "cir_bench_methods", MethodSpec, "cir_bench.interfaces.method:Method"),
    Kind("composer", "composers", "cir_bench_composers", ComposerSpec, "cir_bench.interfaces.composer:Composer"),
    Kind("loss", "losses", "cir_bench_losses", LossSpec, "cir_bench.interfaces.loss:Loss"),
    Kind("encoder", "encoders", "cir_bench_encoders", EncoderSpec, "cir_bench.interfaces.encoder:Encoder"),
    Kind("dataset", "datasets", "cir_bench_datasets", DatasetSpec, "cir_bench.interfaces.dataset:Dataset"),
)
BENCHMARKS_HOOK = "cir_bench_benchmarks"


def kind_of(spec: Spec | type[Spec]) -> Kind:
    """The kind that a spec (or a spec class) belongs to."""
    spec_class = spec if isinstance(spec, type) else type(spec)
    for kind in KINDS:
        if issubclass(spec_class, kind.spec):
            return kind
    raise TypeError(f"{spec_class.__name__} is not a spec of any kind")
