"""Why data set, method and encoder of a cell cannot work together. Imports no torch."""

from __future__ import annotations

from cir_bench.errors import CirBenchError, PluginError
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import EncoderSpec, MethodSpec
from cir_bench.plugin.needs import provides_of
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.runs.cell import Cell


def refusal_of(cell: Cell, registry: Registry) -> str:
    """Why the cell cannot run, and which encoders or methods would do; empty when it can."""
    try:
        lacks = cell.provides.lacks(cell.needs)
    except PluginError as error:  # the encoder's plugin cannot say what it provides
        return str(error)
    trained = [name for name, training in cell.stage_settings().items() if cell.trains_encoder(training)]
    if not cell.provides.trainable and trained:
        lacks.append(f"an encoder that can be trained ({trained[0]}.encoder=train)")
    if not lacks:
        return _untrainable(cell, registry, bool(trained))
    fitting = [
        name
        for name, other in registry.all(EncoderSpec).items()
        if name != cell.encoder.name and _fits(other, cell, bool(trained))
    ]
    would_do = f"encoders that would do: {', '.join(fitting)}" if fitting else "no registered encoder would do"
    return f"method {cell.key.method!r} needs {' and '.join(lacks)} from encoder {cell.key.encoder!r}; {would_do}."


def _untrainable(cell: Cell, registry: Registry, trains_encoder: bool) -> str:
    """Why there is nothing to train on: the data set is for evaluation only."""
    method = cell.method.spec
    if cell.dataset.spec.trains or method.kind == "sentinel" or not (method.learns or trains_encoder):
        return ""
    learner = f"method {cell.key.method!r}" if method.learns else f"encoder {cell.key.encoder!r}"
    others = [name for name, one in registry.all(MethodSpec).items() if not one.spec.learns]
    return (
        f"{learner} must be trained, and the data set {cell.dataset.name!r} has no training triplets; "
        f"methods that need none (with a pretrained encoder): {', '.join(others) or 'none is registered'}."
    )


def _fits(encoder: Registered[EncoderSpec], cell: Cell, trained: bool) -> bool:
    try:
        provides = provides_of(encoder, make_params(encoder.spec))
    except CirBenchError:  # it needs an argument, or its plugin is broken: nothing is known about it
        return False
    return not provides.lacks(cell.needs) and (provides.trainable or not trained)
