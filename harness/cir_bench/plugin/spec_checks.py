"""What a spec must look like: the type of every field, usable values, and recipes that fit the parameters.

Types come from the annotations of the specs; what to write instead of a wrong value is said here, once for each field.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.kinds import Kind
from cir_bench.interfaces.levels import FeatureLevel, Needs, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import DatasetSpec, MethodSpec, Paper, RemoteFile, Spec
from cir_bench.plugin.owner import PluginRejected

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CLASS_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
ENCODER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(:\S+)?")
Values = Mapping[str, Mapping[str, Any]]

_CLASS = '"package.module:Class" or the class itself'
_RECIPES = '{"benchmark": {"parameter": value}}'
_LEVELS = 'levels("pooled"), levels("tokens", "maps") or the like'
WRITE = {
    "name": "lower case letters, digits and single hyphens, like 'batch-classification'",
    "summary": "one line that says what it is",
    "implementation": _CLASS,
    "submission": _CLASS,
    "version": 'a string, like "1"',
    "params": "a class derived from cir_bench.Params",
    "MethodSpec.params": "a class derived from cir_bench.MethodParams",
    "needs": "cir_bench.Needs(...), or a function of the parameters that returns it",
    "provides": "cir_bench.Provides(...), or a function of the parameters that returns it",
    "wraps": 'a function of the parameters that returns {"composer": {"parameter": value}}',
    "loss": 'the name of a loss, {"loss": {"parameter": value}}, or a function of the parameters that returns that',
    "kind": "'method', 'baseline' or 'sentinel'",
    "names": '{"theirs": "ours"}',
    "convert": "a function from tensors by name to tensors by name",
    "unused": "a tuple of names",
    "width": 'a weight and its dimension, like ("fc.weight", 1)',
    "encoders": 'the encoder of each width, like {640: "openclip:RN50x4"}',
    "published": 'cir_bench.PublishedWeights(entry="...", names={"theirs": "ours"})',
    "paper": 'cir_bench.Paper(title="...", venue="CVPR 2019")',
    "title": "the title of the paper",
    "venue": 'where it was published, like "CVPR 2019"',
    "recipes": _RECIPES,
    "controlled": _RECIPES,
    "encoder_recipes": _RECIPES,
    "sources": '{"benchmark": {"parameter": "paper, Section 4.1"}}',
    "paper_encoder": "the name of an encoder, like 'openclip:RN50x4'",
    "image": _LEVELS,
    "text": f"{_LEVELS}; only images have maps",
    "joint": 'levels("pooled"), levels("tokens") or levels("pooled", "tokens")',
    "map_levels": "how many maps, counted from the deepest",
    "text_from": "the name of an artefact, like 'target-text'",
    "triplets": "triplets=True alone, or triplets=False with either images=True or texts=True",
    "corpus": "the name of a data set, like 'cirr' or 'folder:DIR'; only with triplets=False",
    "files": "a tuple of cir_bench.RemoteFile",
    "steps": 'a tuple of strings, like ("Put the images into {root}/images.",)',
    "training_data": 'a tuple of strings, like ("fashioniq/train",)',
    "path": "a relative path below the data set's folder",
    "RemoteFile.url": "an http or https URL",
    "sha256": "64 hex digits in lower case",
    "size": "how many bytes it has",
}
"""By field, or by class and field where that differs: what to write in place of a value that cannot be used."""


class FieldMistake(NamedTuple):
    """A field with a value that cannot be used."""

    field: str
    value: str
    write: str
    """What to write instead."""


def check_spec(kind: Kind, spec: object) -> Spec:
    """The spec, if it is one of ``kind`` and can be used.

    `PluginRejected` if it cannot be used; says what to write instead.
    """
    if not isinstance(spec, kind.spec):
        message = f"{kind.hook} returned {described(spec)}, not a {kind.spec.__name__}"
        raise PluginRejected("spec", message, f"return a list of {kind.spec.__name__}")
    what = f"{kind.name} {spec.name!r}"
    mistake = mistake_in(spec)
    if mistake is not None:
        raise PluginRejected("spec", f"{what} has {mistake.field}={mistake.value}", f"write {mistake.write}")
    _check_argument(what, spec)
    if isinstance(spec, MethodSpec):
        _check_recipes(what, spec)
    return spec


def mistake_in(value: Any, prefix: str = "") -> FieldMistake | None:
    """The first field of a dataclass, or of a dataclass in it, that cannot be used; ``prefix`` begins its name."""
    return next(_mistakes(value, prefix), None)


def _mistakes(instance: Any, prefix: str) -> Iterator[FieldMistake]:
    kind: Any = type(instance)
    for name, hint in _hints(kind).items():
        value = getattr(instance, name)
        if not has_type(value, hint) or not _is_usable(instance, name, value):
            write = WRITE.get(f"{kind.__name__}.{name}", WRITE.get(name, _plain(hint)))
            yield FieldMistake(f"{prefix}{name}", described(value), write)
        for inner in value if isinstance(value, tuple) else (value,):
            if is_dataclass(inner) and not isinstance(inner, type):
                yield from _mistakes(inner, f"{prefix}{name}.")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)


def has_type(value: object, hint: Any) -> bool:
    """Whether ``value`` is what the annotation ``hint`` says, without any conversion."""
    try:
        _adapter(hint).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _plain(hint: Any) -> str:
    return {bool: "True or False", str: "a string", str | None: "a string or None"}.get(hint, f"a value of type {hint}")


def _is_class(value: str | type[Any] | None) -> object:
    return not isinstance(value, str) or CLASS_PATH.fullmatch(value)


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(parts.parts) and not parts.is_absolute() and ".." not in parts.parts


def _are_losses(loss: str | Values | Callable[[Any], Values] | None) -> bool:
    return callable(loss) or all(map(NAME.fullmatch, [loss] if isinstance(loss, str) else loss or ()))


def _without_maps(found: frozenset[FeatureLevel]) -> bool:
    return FeatureLevel.MAPS not in found


_USABLE: dict[tuple[type[Any], str], Callable[[Any], object]] = {
    (Spec, "name"): NAME.fullmatch,
    (Spec, "summary"): re.compile(r"[^\n]*\S[^\n]*").fullmatch,
    (Spec, "implementation"): _is_class,
    (DatasetSpec, "submission"): _is_class,
    (MethodSpec, "loss"): _are_losses,
    (MethodSpec, "paper_encoder"): lambda name: name is None or ENCODER.fullmatch(name),
    (Paper, "title"): str.strip,
    (Paper, "venue"): str.strip,
    (Needs, "text"): _without_maps,
    (Needs, "joint"): _without_maps,
    (Needs, "map_levels"): lambda count: count > 0,
    (Needs, "text_from"): lambda name: name is None or NAME.fullmatch(name),
    (Provides, "text"): _without_maps,
    (Provides, "joint"): _without_maps,
    (Provides, "map_levels"): lambda count: count >= 0,
    (RemoteFile, "path"): _is_inside,
    (RemoteFile, "url"): re.compile(r"https?://\S+").fullmatch,
    (RemoteFile, "sha256"): re.compile(r"[0-9a-f]{64}").fullmatch,
    (RemoteFile, "size"): lambda size: size > 0,
}


def _is_usable(instance: object, name: str, value: Any) -> bool:
    if isinstance(instance, Needs) and name in ("triplets", "corpus"):
        return _learns_from_one_thing(instance) if name == "triplets" else not (instance.triplets and value)
    return all(
        usable(value) for (owner, field), usable in _USABLE.items() if field == name and isinstance(instance, owner)
    )


def _learns_from_one_thing(needs: Needs) -> bool:
    """Whether exactly one of triplets, images and texts is what training reads."""
    return [needs.triplets, needs.images, needs.texts].count(True) == 1


def _check_argument(what: str, spec: Spec) -> None:
    params = spec.params
    argument = params.argument
    if argument is not None and argument not in params.model_fields:
        message = f"{what} takes an argument into {argument!r}, but {params.__name__} has no such field"
        raise PluginRejected("spec", message, did_you_mean(argument, params.model_fields).rstrip("."))


def _check_recipes(what: str, spec: MethodSpec) -> None:
    if spec.encoder_recipes and spec.paper_encoder is None:
        message = f"{what} has encoder_recipes, but no encoder that they are for"
        raise PluginRejected("spec", message, "name it in paper_encoder")
    try:
        make_params(spec)
    except ConfigError:  # a parameter without a default: recipes cannot be tried
        return
    for field in ("recipes", "controlled"):
        for benchmark, values in getattr(spec, field).items():
            try:
                make_params(spec, values)
            except ConfigError as error:
                message = f"{field}[{benchmark!r}] of {what} cannot be used: {str(error).rstrip('.')}"
                raise PluginRejected("spec", message, "correct it") from error


def described(value: object) -> str:
    """``value`` in a message: as it is written if that is short, otherwise what it is."""
    if inspect.isclass(value):
        return f"the class {value.__name__}"
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"
