"""`WeightsFiles`: the files of ``--weights``, by method. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.params.models import MethodParams, Training
from cir_bench.plugin.registry import Registered
from cir_bench.plugin.spec_checks import NAME
from cir_bench.seals import file_digest

SHOWN_DIGITS = 12
"""Of the digest, in the names of rows."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of published weights, and the SHA-256 of its bytes."""

    path: Path
    digest: str

    @property
    def mark(self) -> str:
        """The digest in short, as it is part of a cell's name."""
        return self.digest[:SHOWN_DIGITS]


class WeightsFiles:
    """The files that a run names, ``FILE`` for its only method or ``METHOD=FILE``; `ConfigError` for mistakes."""

    def __init__(self, given: Sequence[str], methods: Sequence[Registered[MethodSpec]]) -> None:
        self._methods = {method.name: method for method in methods}
        self._files: dict[str, WeightsFile] = {}
        for text in given:
            name, path = self._split(text)
            if name in self._files:
                raise ConfigError(f"--weights {text}: there are already weights of {name}; keep one of the files.")
            if self._methods[name].spec.published is None:
                raise ConfigError(
                    f"--weights {text}: the plugin of method {name!r} does not say how published weights of it are "
                    "saved (MethodSpec.published), so they cannot be read."
                )
            self._files[name] = WeightsFile(path, _digest(text, path))

    def of(self, method: str) -> WeightsFile | None:
        """The file of a method, if it has one."""
        return self._files.get(method)

    def refuse_training(self, settings: Mapping[str, Any]) -> None:
        """`ConfigError` for settings of the training when no method of the run is trained."""
        if self._files.keys() != self._methods.keys():
            return
        for key in settings:
            if all(_of_training(key, method.spec) for method in self._methods.values()):
                raise ConfigError(f"--set {key}.…: with --weights nothing is trained; leave it out.")

    def _split(self, text: str) -> tuple[str, Path]:
        """Method and file; a file may have ``=`` in its name."""
        name, equals, path = text.partition("=")
        if equals and name in self._methods:
            if not path:
                raise ConfigError(f"--weights {text}: the file is missing; write {name}=FILE.")
            return name, Path(path).expanduser()
        whole = Path(text).expanduser()
        if equals and NAME.fullmatch(name) and not whole.exists():
            near = did_you_mean(name, self._methods)
            raise ConfigError(f"--weights {text}: no method of this run is called {name!r}; {near}")
        if len(self._methods) > 1:
            raise ConfigError(
                f"--weights {text}: several methods are run ({', '.join(self._methods)}); write METHOD=FILE."
            )
        return next(iter(self._methods)), whole


def untrained(params: MethodParams) -> MethodParams:
    """The parameters without any epoch of training."""
    stages = {name: value for name, value in params if isinstance(value, Training)}
    return params.model_copy(update={name: one.model_copy(update={"epochs": 0}) for name, one in stages.items()})


def without_training(values: Mapping[str, Any], spec: MethodSpec) -> dict[str, Any]:
    """Settings of a method without those of its training."""
    return {key: value for key, value in values.items() if not _of_training(key, spec)}


def _of_training(key: str, spec: MethodSpec) -> bool:
    """Whether a parameter is about the training alone."""
    field = spec.params.model_fields.get(key)
    kinds = (field.annotation, *get_args(field.annotation)) if field is not None else ()
    return key == "selection" or Training in kinds


def _digest(text: str, path: Path) -> str:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ConfigError(f"--weights {text}: {path} is not a regular file.")
    try:
        return file_digest(path)
    except OSError as error:
        raise ConfigError(f"--weights {text}: {path} cannot be read ({error.strerror or error}).") from error
