"""Filling parameter models from nested values; errors name the key, the value and the allowed values."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cir_bench.errors import ConfigError, did_you_mean

M = TypeVar("M", bound=BaseModel)


def fill(model: type[M], overrides: Mapping[str, Any], what: str, called: str = "parameter") -> M:
    """An instance of ``model``: its defaults, overridden.

    ``what`` begins the error messages, which name a field as ``called``.
    """
    return _fill(model, overrides, None, what, "", called)


def _fill(model: type[M], overrides: Mapping[str, Any], base: BaseModel | None, what: str, path: str, called: str) -> M:
    values: dict[str, Any] = dict(base) if base is not None else {}
    for key, value in overrides.items():
        if key not in model.model_fields:
            raise ConfigError(f"{what} has no {called} {path}{key}; {_nearest(key, path, model)}")
        default = values[key] if key in values else model.model_fields[key].get_default(call_default_factory=True)
        if isinstance(value, Mapping) and isinstance(default, BaseModel):
            values[key] = _fill(type(default), value, default, what, f"{path}{key}.", called)
        else:
            values[key] = value
    try:
        return model(**values)
    except ValidationError as error:
        sentences = [_sentence(model, detail, path, called) for detail in error.errors(include_url=False)]
        raise ConfigError(f"{what}: {'; '.join(dict.fromkeys(sentences))}.") from error


def _nearest(key: str, path: str, model: type[BaseModel]) -> str:
    return did_you_mean(f"{path}{key}", [f"{path}{name}" for name in model.model_fields])


def _sentence(model: type[BaseModel], detail: ErrorDetails, path: str, called: str) -> str:
    """An error of pydantic in words: the key, its value, what is allowed."""
    inner: type[BaseModel] | None = model
    names: list[str] = []
    for part in detail["loc"]:
        fields = inner.model_fields if inner is not None else {}
        if part in fields:
            names.append(str(part))
            inner = next(_models(fields[str(part)].annotation), None)
        elif isinstance(part, int) or detail["type"] == "extra_forbidden":
            names.append(str(part))  # an index, or the unknown key; other parts name members of a union
    key = path + ".".join(names)
    if detail["type"] == "extra_forbidden":
        return f"there is no {called} {key}" + (
            f", {_nearest(names[-1], key[: -len(names[-1])], inner)}" if inner else ""
        )
    if detail["type"] == "missing":
        return f"the {called} {key} must be given"
    if detail["type"] == "tuple_type":
        return f"{key}={detail['input']!r} is not allowed (write a list, [{detail['input']}])"
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    return f"{key}={detail['input']!r} is not allowed ({message.removeprefix('value error, ')})"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within an annotation such as ``Training | None``."""
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        for member in get_args(annotation):
            yield from _models(member)
    # on Python 3.10 `tuple[str, ...]` is an instance of `type`, too
    elif origin is None and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
