"""Configuration as nested dicts: YAML without the traps of YAML 1.1, ``--set a.b=value``, merging."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cir_bench.bounded import MIB, read_bounded
from cir_bench.errors import ConfigError

MOST_BYTES = MIB
MOST_NODES = 100_000
"""Values in a YAML document, each as often as aliases repeat it."""


class _Loader(yaml.SafeLoader):
    """A safe loader with the scalars of YAML 1.2: ``on``, ``no`` and ``1:30`` are strings, ``1e-4`` is a number."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own way of configuring a loader)
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(":null")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def get_single_node(self) -> yaml.Node | None:
        """The document, unless its aliases expand it beyond `MOST_NODES`."""
        node: yaml.Node | None = super().get_single_node()
        if node is not None:
            _expanded(node, {})
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping without repeated keys."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (dict, list)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a string", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _expanded(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many nodes a node has with its aliases written out; ``sizes`` has those that were counted before."""
    if id(node) not in sizes:
        sizes[id(node)] = MOST_NODES  # an alias of a node within itself goes on for ever
        below = node.value if isinstance(node, yaml.CollectionNode) else ()
        pairs = (pair if isinstance(pair, tuple) else (pair,) for pair in below)
        sizes[id(node)] = 1 + sum(_expanded(one, sizes) for pair in pairs for one in pair)
    if sizes[id(node)] > MOST_NODES:
        raise yaml.composer.ComposerError(None, None, "its aliases repeat too much", node.start_mark)
    return sizes[id(node)]


_INT = r"[-+]?(0|[1-9][0-9]*)"  # 0123 is a string
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.inf|\.nan"
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def parse_yaml(text: str) -> Any:
    """The value of a YAML document; ``yaml.YAMLError`` if it is not valid, or too deep or long to be configuration."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a subclass of SafeLoader)
    except RecursionError as error:
        raise yaml.YAMLError("its values are nested too deeply") from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:  # a wrong !!int, !!timestamp
        raise yaml.YAMLError(f"a value cannot be read ({str(error)[:100]})") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; `ConfigError` with the file and the line if there is none."""
    try:
        value = parse_yaml(read_bounded(path, MOST_BYTES).decode("utf-8-sig"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {_reason(error)}.") from error
    except (OSError, ValueError) as error:  # not in UTF-8, too large
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path} cannot be read ({reason}); correct the path, or the file.") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{path} must contain `key: value` pairs, not a {type(value).__name__}.")
    for key in value:
        if not isinstance(key, str):
            raise ConfigError(f"{path}: the key {key!r} is not a string; quote it.")
    return value


def parse_set(assignments: Iterable[str]) -> dict[str, Any]:
    """``["training.epochs=5", "scale=normalised"]`` as ``{"training": {"epochs": 5}, "scale": "normalised"}``.

    A value is YAML (``5``, ``true``, ``[1, 2]``, ``null``); nothing after the ``=`` is an empty string. Later ones win.
    """
    result: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise ConfigError(f"--set {assignment}: write it as key=value, for example --set training.epochs=5.")
        try:
            value = parse_yaml(text) if text.strip() else ""
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {assignment}: the value cannot be read ({_reason(error)}); quote it.") from error
        nested: dict[str, Any] = {keys[-1]: value}
        for key in reversed(keys[:-1]):
            nested = {key: nested}
        result = merge(result, nested)
    return result


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings merged key by key; later values win."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            result[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def dotted(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping made flat: ``{"training": {"epochs": 5}}`` as ``{"training.epochs": 5}``, sorted by key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= dotted(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return dict(sorted(flat.items()))


def _reason(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    return f"line {error.problem_mark.line + 1}: {error.problem}"
