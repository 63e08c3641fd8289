"""Suites: several runs in one YAML file, with grids; every point is an ordinary cell. Imports no torch.

A suite has the keys of a ``--config`` file for all of its runs, and

* ``runs``: a list of runs, each with its own keys on top;
* ``grid`` (of the suite or of a run): setting → list of values; there is one run for every combination.

::

    description: SADN, Figure 3
    methods: [sadn]
    seeds: 3
    runs:
      - {grid: {neighbours: [1, 5, 10]}}
      - {settings: {cia: false}}
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from cir_bench.config import dotted, merge, read_yaml
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.params.fill import fill
from cir_bench.params.models import Params
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.runs.request import RunRequest


class SuiteFile(Params):
    """The keys of a suite that are not keys of a run."""

    description: str = ""
    runs: tuple[Mapping[str, Any], ...] = Field(default=({},), min_length=1)
    grid: Mapping[str, Any] = {}


def load_suite(name: str, overrides: Mapping[str, Any]) -> list[RunRequest]:
    """The requests of a suite, one for each run and point of its grid; ``overrides`` come on top of every run.

    ``name`` is a built-in one such as ``ablations/sadn``, or the path of a YAML file.
    """
    path = _find(name)
    values = read_yaml(path)
    own = {key: values.pop(key) for key in list(values) if key in SuiteFile.model_fields}
    suite = fill(SuiteFile, own, str(path))
    requests = []
    for number, run in enumerate(suite.runs, 1):
        what = f"{path}, run {number}"
        unknown = [key for key in run if key != "grid" and key not in RunRequest.model_fields]
        if unknown:
            near = did_you_mean(unknown[0], [*RunRequest.model_fields, "grid"])
            raise ConfigError(f"{what} has no key {unknown[0]!r}; {near}")
        grid = {**suite.grid, **run.get("grid", {})}
        for point in _points(grid, what):
            own_keys = {key: value for key, value in run.items() if key != "grid"}
            merged = {**values, **own_keys, **overrides}
            if clash := _overlap(point, overrides.get("settings") or {}):
                raise ConfigError(
                    f"{what} varies {clash} in its grid; leave out --set {clash}=…, which makes all runs equal."
                )
            layers = (values, own_keys, {"settings": point}, overrides)
            merged["settings"] = merge(*(layer.get("settings") or {} for layer in layers))
            requests.append(fill(RunRequest, merged, what))
    return requests


def suites() -> list[str]:
    """Names of the built-in suites."""
    folder = _folder()
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.yaml"))


def suite_summary(name: str) -> str:
    """The description of a built-in suite; `ConfigError` when its file cannot be read."""
    return str(read_yaml(_find(name)).get("description", ""))


def _points(grid: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
    """Every combination of the grid, as nested settings."""
    for key, values in grid.items():
        if not isinstance(values, (list, tuple)) or not values:
            raise ConfigError(f"{what}: grid.{key} must be a list of values, such as [1, 5, 10].")
    for values in itertools.product(*grid.values()):
        yield merge(*(_nested(key, value) for key, value in zip(grid, values, strict=True)))


def _nested(key: str, value: Any) -> dict[str, Any]:
    """``{"training": {"lr": value}}`` for ``training.lr``."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _overlap(point: Mapping[str, Any], overrides: Mapping[str, Any]) -> str:
    """The first setting of ``point`` that ``overrides`` sets, too, or sets around or inside; otherwise empty."""
    for mine, other in itertools.product(sorted(dotted(point)), dotted(overrides)):
        if f"{mine}.".startswith(f"{other}.") or f"{other}.".startswith(f"{mine}."):
            return mine
    return ""


def _find(name: str) -> Path:
    if Path(name).suffix in {".yaml", ".yml"}:
        return Path(name)
    if name in suites():
        return _folder() / f"{name}.yaml"
    raise ConfigError(f"there is no suite {name!r}; {did_you_mean(name, suites())} Your own file must end in .yaml.")


def _folder() -> Path:
    """The built-in suites are in folders next to the built-in benchmarks."""
    return builtin_benchmarks()[0].parent
