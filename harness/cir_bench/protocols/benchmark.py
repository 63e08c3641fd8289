"""`Benchmark`: a data set with its named, versioned protocols, read from one YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from cir_bench.config import read_yaml
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.params.models import Params, Selection, Training
from cir_bench.protocols.protocol import Protocol

_PROTOCOL_NAME = re.compile(r"[a-z0-9][a-z0-9-]*@[1-9][0-9]*")


class Benchmark(Params):
    """A data set, how it is evaluated, and the budget under which the controlled track trains on it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    description: str = ""
    dataset: str
    """Name of the data set's spec."""
    dataset_params: dict[str, Any] = Field(default_factory=dict)
    default_encoder: str
    """The controlled track's encoder if the user names none."""
    training: dict[str, Any] = Field(default_factory=dict)
    """The controlled track's budget: values of `Training` (epochs, batch_size, …), the same for every method."""
    selection: dict[str, Any] = Field(default_factory=dict)
    """How the controlled track chooses checkpoints: values of `Selection`, the same for every method."""
    protocols: Annotated[dict[str, Protocol], Field(min_length=1)]
    """By ``name@version``; the first is the default."""

    @field_validator("training", "selection")
    @classmethod
    def _settings(cls, values: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        model = Training if info.field_name == "training" else Selection
        for key in values:
            if key not in model.model_fields:
                near = did_you_mean(key, model.model_fields)
                raise ValueError(f"there is no {info.field_name} setting {key!r}; {near}")
        model.model_validate(values)
        return values

    @field_validator("protocols")
    @classmethod
    def _named(cls, protocols: dict[str, Protocol]) -> dict[str, Protocol]:
        for name in protocols:
            if not _PROTOCOL_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a protocol name; write name@version, for example original@1")
        return protocols

    def protocol_key(self, name: str | None) -> str:
        """``name@version`` of a protocol; the newest version if none is named, the first protocol for None.

        `ConfigError` if there is no such protocol.
        """
        if name is None:
            return next(iter(self.protocols))
        versions = [key for key in self.protocols if key == name or key.partition("@")[0] == name]
        if not versions:
            near = did_you_mean(name, self.protocols)
            raise ConfigError(f"The benchmark {self.name!r} has no protocol {name!r}; {near}")
        return max(versions, key=lambda key: int(key.partition("@")[2]))


def load_benchmark(path: Path) -> Benchmark:
    """Read a benchmark file, or return what was read before if it has not changed.

    Raises:
        ConfigError: it is missing, not YAML, or not a benchmark; the message names the file, the key and the remedy.
    """
    changed = (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None
    return _load(path, changed)


@lru_cache(maxsize=64)
def _load(path: Path, changed: tuple[int, int] | None) -> Benchmark:
    data = read_yaml(path)
    try:
        return Benchmark.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"The benchmark file {path} cannot be used: {_first_mistake(error)}") from error


def _first_mistake(error: ValidationError) -> str:
    # a misspelt key is also a missing one; the spelling is the mistake
    first = min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    key = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"there is no key {key!r}; {did_you_mean(str(first['loc'][-1]), _keys_at(first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"the key {key!r} is missing; add it."
    reason = first["msg"].removeprefix("Value error, ")
    return f"{key or 'the file'}: {reason[:1].lower()}{reason[1:]}; correct it."


def _keys_at(place: Iterable[int | str]) -> list[str]:
    model: Any = Benchmark
    for step in place:
        if isinstance(model, type) and issubclass(model, Params):
            model = model.model_fields[str(step)].annotation
            if step == "protocols":
                model = {"*": Protocol}
        elif isinstance(model, dict):
            model = model["*"]
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, Params) else []
