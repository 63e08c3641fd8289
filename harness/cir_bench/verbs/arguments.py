"""Arguments of Python as the options that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cir_bench.config import merge
from cir_bench.errors import ConfigError
from cir_bench.params.tunable import nested
from cir_bench.runs.request import RunRequest
from cir_bench.verbs.choice import RunChoice
from cir_bench.verbs.settings import Settings, several

SEVERAL = ("methods", "benchmarks", "encoders", "weights", "artefacts")
"""Arguments that take one name or several."""


def choice_of(settings: Settings, given: Mapping[str, Any]) -> RunChoice:
    """What to run, of all arguments by name; where they are None (or a flag is off) a file or a default decides."""
    flags = {"allow_partial": given["allow_partial"] or None}
    named = {**given, **flags, "data_root": settings.data_root}
    mentioned = {key: named[key] for key in RunRequest.model_fields if named[key] is not None}
    mentioned |= {key: several(mentioned[key]) for key in SEVERAL if key in mentioned}
    mentioned["settings"] = nested_values(mentioned.get("settings", {}))
    config, suite = (str(given[key]) if given[key] else None for key in ("config", "suite"))
    return RunChoice(mentioned, Path(config) if config else None, suite, given["all_methods"])


def nested_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """``{"training.epochs": 5}`` as ``{"training": {"epochs": 5}}``; nested mappings may be mixed in.

    Raises:
        ConfigError: it is no dictionary with texts as keys.
    """
    if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f'{values!r:.60} is not a dictionary of settings; write {{"training.epochs": 5}}.')
    return merge(*(nested({key: value}) for key, value in values.items()))
