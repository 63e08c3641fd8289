"""The dotted keys of parameter models, and which of them a bare name may mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

Models = Iterable[tuple[str, type[BaseModel]]]
"""Parameter models, each with the prefix of its keys, such as ``encoder.``."""


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """``training.epochs`` and so on; the fields of a nested model, not the model itself."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from keys_of(type(default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def keys_named(name: str, models: Models) -> list[str]:
    """The keys whose last part is ``name`` (``epochs``: ``training.epochs``); those of training first."""
    keys = (key for prefix, model in models for key in keys_of(model, prefix))
    found = dict.fromkeys(key for key in keys if key.rpartition(".")[2] == name)
    return sorted(found, key=lambda key: not key.startswith("training."))
