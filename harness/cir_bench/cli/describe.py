"""Specs as JSON values and as lines of text, for `ls` and `show`. Imports no torch."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, TypeGuard

from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from cir_bench.errors import ConfigError
from cir_bench.interfaces.levels import Needs, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import EncoderSpec, Spec
from cir_bench.plugin.owner import Owner, PluginProblem
from cir_bench.plugin.registry import Registered, Registry


def print_json(value: Any) -> None:
    """One JSON document on stdout; sets are sorted, enums are their values."""
    print(json.dumps(to_jsonable_python(_sorted_sets(value)), indent=2, ensure_ascii=False))


def _sorted_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_sets(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return [_sorted_sets(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def owner_facts(owner: Owner) -> dict[str, str]:
    """Where something comes from."""
    return {"distribution": owner.distribution, "version": owner.version, "plugin": owner.plugin}


def listed(registered: Registered[Spec]) -> dict[str, str]:
    """What `ls` tells of an object."""
    spec = registered.spec
    return {"name": spec.name, "summary": spec.summary, "object_version": spec.version} | owner_facts(registered.owner)


def problem_facts(problem: PluginProblem) -> dict[str, str]:
    """A plugin that was left out."""
    return owner_facts(problem.owner) | {
        "stage": problem.stage,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def parameters(model: type[BaseModel], defaults: BaseModel | None = None, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Every parameter with its dotted key, type, default and docstring; nested models are flattened."""
    docs = field_docs(model)
    for name, field in model.model_fields.items():
        default = getattr(defaults, name) if defaults is not None else field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from parameters(type(default), default, f"{prefix}{name}.")
            continue
        yield {
            "key": f"{prefix}{name}",
            "type": inspect.formatannotation(field.annotation).replace("typing.", ""),
            "required": default is PydanticUndefined,
            "default": None if default is PydanticUndefined else default,
            "doc": field.description or docs.get(name, ""),
        }


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a model and of its bases, read from the source; without source, none."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in itertools.pairwise(body):
            text = ast.literal_eval(below.value) if _is_text(below) else ""
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and text:
                docs[field.target.id] = " ".join(text.split())
    return docs


def _is_text(node: ast.stmt) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def needs_facts(needs: Needs) -> dict[str, Any]:
    """What a method or composer consumes."""
    return asdict(needs)


def provides(encoder: Registered[EncoderSpec]) -> Provides | None:
    """What an encoder gives with its default parameters; None when that depends on one it has no default for."""
    spec = encoder.spec
    if isinstance(spec.provides, Provides):
        return spec.provides
    try:
        return spec.provides_for(make_params(spec))
    except ConfigError:
        return None


def pairings(registry: Registry, needs: Needs) -> dict[str, list[str] | None]:
    """What each encoder lacks for ``needs`` (nothing: it would do); None when that depends on its parameters."""
    return {
        name: None if (given := provides(encoder)) is None else given.lacks(needs)
        for name, encoder in registry.all(EncoderSpec).items()
    }


def columns(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> Iterator[str]:
    """Rows as lines with aligned columns; the last one is not padded."""
    table = list(rows)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))] if table else []
    for row in table:
        yield (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
