"""Parameters of an object: defaults with a recipe's and the user's values on top; errors name key and value."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, Union, cast, get_args, get_origin, overload

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.recipe import MethodParams, Params
from cir_bench.interfaces.specs import MethodSpec, Spec
from cir_bench.plugin.checks import argument_field
from cir_bench.plugin.kinds import kind_of

M = TypeVar("M", bound=BaseModel)


def split_argument(text: str) -> tuple[str, str | None]:
    """``"openclip:RN50"`` as ``("openclip", "RN50")``, ``"tiny"`` as ``("tiny", None)``."""
    name, colon, argument = text.partition(":")
    if not name or (colon and not argument):
        raise ConfigError(f"{text!r} is no name: write NAME or NAME:ARGUMENT, for example openclip:RN50.")
    return name, argument if colon else None


@overload
def make_params(
    spec: MethodSpec, overrides: Mapping[str, Any] | None = None, argument: str | None = None
) -> MethodParams: ...


@overload
def make_params(spec: Spec, overrides: Mapping[str, Any] | None = None, argument: str | None = None) -> Params: ...


def make_params(spec: Spec, overrides: Mapping[str, Any] | None = None, argument: str | None = None) -> Params:
    """The spec's parameters: its defaults, with ``overrides`` (nested) on top.

    A nested model that is a default keeps those of its values that ``overrides`` does not name.

    Args:
        spec: whose params model is filled.
        overrides: values by name; nested ones as nested mappings.
        argument: ARGUMENT of ``name:ARGUMENT``, for the field that the params model names.

    Raises:
        ConfigError: an unknown key (the nearest is told), a bad value (what is allowed is told), or an argument for an
            object that takes none.
    """
    what = f"{kind_of(spec).name} {spec.name!r}"
    values = dict(overrides or {})
    if argument is not None:
        field = argument_field(spec)
        if field is None:
            raise ConfigError(f"{what} takes no argument, but {spec.name}:{argument} gives it one; write {spec.name}.")
        if field in values:
            raise ConfigError(
                f"{what} is given its {field} twice: as {spec.name}:{argument} and as {field}=…; keep one."
            )
        values[field] = argument
    return fill(_model(spec), values, what)


def _model(spec: Spec) -> type[Params]:
    return cast(type[Params], getattr(spec, "params"))  # noqa: B009 (every kind of spec has it, their base has not)


def fill(model: type[M], overrides: Mapping[str, Any], what: str) -> M:
    """An instance of ``model`` with ``overrides`` on top of its defaults; ``what`` begins the error messages."""
    return _fill(model, overrides, None, what, "")


def _fill(model: type[M], overrides: Mapping[str, Any], base: BaseModel | None, what: str, path: str) -> M:
    values: dict[str, Any] = dict(base) if base is not None else {}
    for key, value in overrides.items():
        if key not in model.model_fields:
            raise ConfigError(f"{what} has no parameter {path}{key}; {_nearest(key, path, model)}")
        default = values[key] if key in values else model.model_fields[key].get_default(call_default_factory=True)
        if isinstance(value, Mapping) and isinstance(default, BaseModel):
            values[key] = _fill(type(default), value, default, what, f"{path}{key}.")
        else:
            values[key] = value
    try:
        return model(**values)
    except ValidationError as error:
        sentences = [_sentence(model, detail, path) for detail in error.errors(include_url=False)]
        raise ConfigError(f"{what}: {'; '.join(dict.fromkeys(sentences))}.") from error


def _nearest(key: str, path: str, model: type[BaseModel]) -> str:
    return did_you_mean(f"{path}{key}", [f"{path}{name}" for name in model.model_fields])


def _sentence(model: type[BaseModel], detail: ErrorDetails, path: str) -> str:
    """One error of pydantic as words: which key, which value, what is allowed."""
    inner: type[BaseModel] | None = model
    names: list[str] = []
    for part in detail["loc"]:
        known = inner.model_fields if inner is not None else {}
        if part in known:
            names.append(str(part))
            inner = next(_models(known[str(part)].annotation), None)
        elif isinstance(part, int) or detail["type"] == "extra_forbidden":
            names.append(str(part))  # an index, or the unknown key; other parts name members of a union
    key = path + ".".join(names)
    if detail["type"] == "extra_forbidden":
        return f"there is no parameter {key}" + (
            f", {_nearest(names[-1], key[: -len(names[-1])], inner)}" if inner else ""
        )
    if detail["type"] == "missing":
        return f"the parameter {key} must be given"
    if detail["type"] == "tuple_type":
        return f"{key}={detail['input']!r} is not allowed (write a list, [{detail['input']}])"
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    return f"{key}={detail['input']!r} is not allowed ({message.removeprefix('value error, ')})"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within an annotation such as ``Training | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, types.UnionType}:
        for member in get_args(annotation):
            yield from _models(member)
