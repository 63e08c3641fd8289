"""Suites: several runs in one YAML file, with grids; every point is an ordinary cell. Imports no torch.

A suite has the keys of a ``--config`` file for all of its runs, and

* ``runs``: a list of runs, each with keys of its own on top;
* ``grid`` (of the suite or of a run): setting → list of values; the run is made once for every combination.

::

    description: SADN, Figure 3
    methods: [sadn]
    seeds: 3
    runs:
      - {grid: {neighbours: [1, 5, 10]}}
      - {settings: {cia: false}}
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from cir_bench.config import merge, parse_set, read_yaml
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.params.fill import fill
from cir_bench.params.models import Params
from cir_bench.runs.request import RunRequest

_PACKAGE = "cir_bench.benchmarks"


class SuiteFile(Params):
    """The keys of a suite that are not those of a run."""

    description: str = ""
    runs: tuple[Mapping[str, Any], ...] = Field(default=({},), min_length=1)
    grid: Mapping[str, Any] = {}


def load_suite(name: str, overrides: Mapping[str, Any]) -> list[RunRequest]:
    """The requests of a suite, one for each run and point of its grid.

    Args:
        name: ``ablations/sadn`` for one that comes with the harness, or the path of a YAML file.
        overrides: what the command line said, on top of every run.

    Raises:
        ConfigError: there is no such suite, or a key or value in it is wrong.
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
            given = {key: value for key, value in run.items() if key != "grid"}
            merged = {**values, **given, **overrides}
            flattened = _overlap(point, overrides.get("settings") or {})
            if flattened:
                raise ConfigError(
                    f"{what} varies {flattened} in its grid; leave out --set {flattened}=…, which makes all points one."
                )
            layers = (values, given, {"settings": point}, overrides)
            merged["settings"] = merge(*(layer.get("settings") or {} for layer in layers))
            requests.append(fill(RunRequest, merged, what))
    return requests


def suites() -> list[str]:
    """Names of the suites that come with the harness."""
    return sorted(
        {
            path.relative_to(folder).with_suffix("").as_posix()
            for folder in _folders()
            for path in folder.glob("*/*.yaml")
        }
    )


def suite_summary(name: str) -> str:
    """The description of a suite that comes with the harness; `ConfigError` when its file cannot be read."""
    return str(read_yaml(_find(name)).get("description", ""))


def _points(grid: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
    """Every combination of the grid, as nested settings."""
    for key, values in grid.items():
        if not isinstance(values, (list, tuple)) or not values:
            raise ConfigError(f"{what}: grid.{key} must be a list of values, such as [1, 5, 10].")
    for values in itertools.product(*grid.values()):
        nested: dict[str, Any] = {}
        for key, value in zip(grid, values, strict=True):
            (path,) = [parse_set([f"{key}=0"])]
            nested = merge(nested, _put(path, value))
        yield nested


def _overlap(point: Mapping[str, Any], given: Mapping[str, Any], prefix: str = "") -> str:
    """The first setting of ``point`` that ``given`` sets too (or sets around, or inside), written with dots; or ""."""
    for key in sorted(point.keys() & given.keys()):
        mine, theirs = point[key], given[key]
        if not (isinstance(mine, Mapping) and isinstance(theirs, Mapping)):
            return prefix + key
        found = _overlap(mine, theirs, f"{prefix}{key}.")
        if found:
            return found
    return ""


def _put(path: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """``{"training": {"lr": 0}}`` with the innermost value replaced."""
    ((key, inner),) = path.items()
    return {key: _put(inner, value) if isinstance(inner, Mapping) else value}


def _find(name: str) -> Path:
    if Path(name).suffix in {".yaml", ".yml"}:
        return Path(name)
    for folder in _folders():
        path = folder / f"{name}.yaml"
        if name in suites() and path.is_file():
            return path
    raise ConfigError(f"there is no suite {name!r}; {did_you_mean(name, suites())} A file of yours ends in .yaml.")


def _folders() -> list[Path]:
    found = importlib.util.find_spec(_PACKAGE)
    folders = [Path(place) for place in found.submodule_search_locations or ()] if found else []
    return [folder for folder in dict.fromkeys([*folders, Path(__file__).parents[3] / "benchmarks"]) if folder.is_dir()]
