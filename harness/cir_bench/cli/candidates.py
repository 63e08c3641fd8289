"""Words that may follow others on a command line: options, and names of everything that is installed."""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal, get_args, get_origin

import typer
from typer.models import ArgumentInfo, OptionInfo

from cir_bench.cli.describe import read_benchmarks
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec, Spec
from cir_bench.params.keys import keys_of
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry
from cir_bench.runs.suite import suites


@dataclass(frozen=True)
class _Parameter:
    """An option or argument of a verb, as the signature of its function declares it."""

    name: str
    names: tuple[str, ...]
    """``-m``, ``--method``; none of an argument."""
    flag: bool
    metavar: str
    choices: tuple[str, ...]


def candidates(verb: str, words: Sequence[str], last: str) -> Iterable[str]:
    """The words that may follow ``words`` of a verb, when ``last`` is what has been typed of the next one."""
    function = getattr(importlib.import_module(f"cir_bench.cli.{verb}"), verb)
    if isinstance(function, typer.Typer):
        inner = {one.callback.__name__: one.callback for one in function.registered_commands if one.callback}
        if not words:
            return list(inner)
        function, words = inner[words[0]], words[1:]
    declared = list(_parameters(function))
    for one in declared:
        if words and words[-1] in one.names and not one.flag:
            return _values(one, words)
    if last.startswith("-"):
        return [*(name for one in declared for name in one.names), "--help"]
    return [value for one in declared if not one.names for value in _values(one, words)]


def _parameters(function: Callable[..., None]) -> Iterator[_Parameter]:
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        annotation, *extra = get_args(parameter.annotation)
        info = next(one for one in extra if isinstance(one, (OptionInfo, ArgumentInfo)))
        # beside `Annotated`, typer's first argument is a name, not the default
        first = [info.default] if isinstance(info.default, str) else []
        names = (*first, *(info.param_decls or ())) or (f"--{name.replace('_', '-')}",)
        kinds = (annotation, *get_args(annotation))
        choices = [value for one in kinds if get_origin(one) is Literal for value in get_args(one)]
        choices += [value.value for one in kinds if isinstance(one, type) and issubclass(one, Enum) for value in one]
        yield _Parameter(
            name=name,
            names=() if isinstance(info, ArgumentInfo) else names,
            flag=annotation is bool,
            metavar=str(info.metavar or ""),
            choices=tuple(map(str, choices)),
        )


def _values(parameter: _Parameter, words: Sequence[str]) -> Iterable[str]:
    """The values of an option or argument, as far as they are known."""
    metavar = parameter.metavar
    if parameter.choices:
        return parameter.choices
    if "|" in metavar and metavar.upper() != metavar:  # auto|cpu|cuda[:N]|mps
        return [part.partition("[")[0] for part in metavar.split("|") if part.partition("[")[0].isalnum()]
    registry = _registry(words)
    if "-m" in parameter.names:
        return registry.all(MethodSpec)
    if "-e" in parameter.names:
        return registry.all(EncoderSpec)
    if "-b" in parameter.names or metavar in {"BENCHMARK", "DATASET"}:
        return _benchmarks(registry)
    if "--suite" in parameter.names:
        return suites()
    if "--set" in parameter.names:
        return _keys(registry, words)
    if not parameter.names and parameter.name == "name" and metavar != "NAME":
        named = [name for kind in KINDS for name in registry.all(kind.spec)]
        return [*named, *(() if metavar == "PLUGIN" else _benchmarks(registry))]
    return ()


def _registry(words: Sequence[str]) -> Registry:
    files = [Path(after) for word, after in itertools.pairwise(words) if word == "--plugin"]
    return load_plugins(PluginOptions(files=tuple(files), third_party="--no-plugins" not in words))


def _benchmarks(registry: Registry) -> list[str]:
    return [benchmark.name for benchmark, _ in read_benchmarks(registry)[0]]


def _keys(registry: Registry, words: Sequence[str]) -> list[str]:
    """What ``--set`` takes: of the methods, encoders and data sets that the words name, or of all."""
    found: list[str] = []
    kinds: tuple[tuple[type[Spec], str], ...] = ((MethodSpec, ""), (EncoderSpec, "encoder."), (DatasetSpec, "dataset."))
    for spec, prefix in kinds:
        objects = registry.all(spec)
        named = [one for name, one in objects.items() if name in {word.partition(":")[0] for word in words}]
        found += [f"{key}=" for one in named or objects.values() for key in keys_of(one.spec.params, prefix)]
    return sorted(found)
