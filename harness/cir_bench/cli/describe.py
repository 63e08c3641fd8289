"""Objects, their parameters and benchmarks as JSON values, for `ls`, `show` and `doctor`. Imports no torch."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.interfaces.levels import Needs, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import EncoderSpec, MethodSpec, Spec
from cir_bench.params.tunable import Tunable, search_space
from cir_bench.plugin.needs import provides_of
from cir_bench.plugin.owner import CORE, Owner, PluginProblem
from cir_bench.plugin.registry import BenchmarkFile, Registered, Registry
from cir_bench.protocols.benchmark import Benchmark, load_benchmark
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.version import __version__

BUILTIN = Owner(CORE, __version__, "benchmarks")
"""The owner of the benchmark files and suites that come with the harness."""


def problem_facts(problem: PluginProblem) -> dict[str, str]:
    """A plugin that was left out."""
    about = {"stage": problem.stage, "message": problem.message, "remedy": problem.remedy}
    return asdict(problem.owner) | about


def object_facts(registered: Registered[Spec]) -> dict[str, str]:
    """What `ls` says about an object."""
    spec = registered.spec
    return {"name": spec.name, "summary": spec.summary, "object_version": spec.version} | asdict(registered.owner)


def benchmark_facts(benchmark: Benchmark, owner: Owner) -> dict[str, Any]:
    """What `ls` says about a benchmark."""
    return {
        "name": benchmark.name,
        "summary": " ".join(benchmark.description.split()),
        "dataset": benchmark.dataset,
        "default_encoder": benchmark.default_encoder,
        "protocols": list(benchmark.protocols),
    } | asdict(owner)


def read_benchmarks(registry: Registry) -> tuple[list[tuple[Benchmark, Owner]], list[str]]:
    """Every readable benchmark with its owner, by name; and a sentence for each file that cannot be read."""
    unreadable: list[str] = []
    try:
        files = [BenchmarkFile(path, BUILTIN) for path in builtin_benchmarks()]
    except ConfigError as error:
        files = []
        unreadable.append(str(error))
    found: list[tuple[Benchmark, Owner]] = []
    for file in [*files, *registry.benchmark_files]:
        try:
            found.append((load_benchmark(file.path), file.owner))
        except ConfigError as error:
            unreadable.append(str(error))
    return sorted(found, key=lambda pair: pair[0].name), unreadable


def parameters(model: type[BaseModel], defaults: BaseModel | None = None, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Every parameter with its dotted key, type, default and docstring; nested models are flattened."""
    docs = field_docs(model)
    for name, field in model.model_fields.items():
        default = getattr(defaults, name) if defaults is not None else field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from parameters(type(default), default, f"{prefix}{name}.")
            continue
        yield {
            "key": f"{prefix}{name}",
            "type": inspect.formatannotation(field.annotation).replace("typing.", ""),
            "required": default is PydanticUndefined,
            "default": None if default is PydanticUndefined else default,
            "doc": field.description or docs.get(name, ""),
        }


def tunable(spec: MethodSpec) -> dict[str, Tunable]:
    """The parameters that ``cir-bench tune`` searches with the defaults; none if a parameter has no default."""
    try:
        return search_space(make_params(spec)) if spec.kind != "sentinel" else {}
    except ConfigError:
        return {}


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a model and of its bases, read from the source if there is any."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        try:
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        except (OSError, TypeError, SyntaxError):
            continue
        for field, below in itertools.pairwise(getattr(definition, "body", ())):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    docs[name] = " ".join(text.split())
    return docs


def provides(encoder: Registered[EncoderSpec]) -> Provides | None:
    """What an encoder gives with its default parameters; None if that depends on one without a default."""
    try:
        return provides_of(encoder, make_params(encoder.spec))
    except CirBenchError:
        return None


def pairings(registry: Registry, needs: Needs) -> dict[str, list[str] | None]:
    """What each encoder lacks for ``needs`` (nothing: it fits); None if that depends on its parameters."""
    found: dict[str, list[str] | None] = {}
    for name, encoder in registry.all(EncoderSpec).items():
        offered = provides(encoder)
        found[name] = None if offered is None else offered.lacks(needs)
    return found
