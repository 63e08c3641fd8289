"""Arguments of Python as the options that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cir_bench.config import merge
from cir_bench.errors import ConfigError
from cir_bench.params.tunable import nested
from cir_bench.verbs.choice import RunChoice
from cir_bench.verbs.settings import Settings, several

SEVERAL = ("methods", "benchmarks", "encoders", "weights", "artefacts")
"""Arguments that take one name or several."""


def choice_of(
    settings: Settings,
    named: Mapping[str, Any],
    *,
    config: str | Path | None,
    suite: str | Path | None,
    all_methods: bool,
) -> RunChoice:
    """What to run; arguments that are None are not mentioned, so that a file or a default decides."""
    given = {**named, "data_root": settings.data_root}
    mentioned = {key: value for key, value in given.items() if value is not None}
    mentioned |= {key: several(mentioned[key]) for key in SEVERAL if key in mentioned}
    mentioned["settings"] = nested_values(mentioned.get("settings", {}))
    return RunChoice(mentioned, Path(config) if config else None, str(suite) if suite else None, all_methods)


def nested_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """``{"training.epochs": 5}`` as ``{"training": {"epochs": 5}}``; nested mappings may be mixed in.

    Raises:
        ConfigError: it is no dictionary with texts as keys.
    """
    if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f'{values!r:.60} is not a dictionary of settings; write {{"training.epochs": 5}}.')
    return merge(*(nested({key: value}) for key, value in values.items()))
