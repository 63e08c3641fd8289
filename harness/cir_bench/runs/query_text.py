"""The template of a cell's query texts: whose it is, and when the user's would not be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.needs import needs_of
from cir_bench.protocols.templates import TEXT, word_template_of
from cir_bench.runs.cell import Cell


def template_and_owner(cell: Cell) -> tuple[str, str] | None:
    """The whole template, and whether it is the protocol's or the method's; None where texts are read as they are."""
    templates, owner = cell.protocol.templates, f"protocol {cell.benchmark.name}"
    if not cell.needs.pseudo_words:
        return None if templates.text == TEXT else (templates.text, owner)
    if templates.pseudo_word is None:
        return cell.needs.template, f"the method's own; the {owner} has none for pseudo-words"
    return templates.pseudo_word, owner


def template_refusal(cell: Cell, recipe: Mapping[str, Any]) -> str:
    """Why the method's own template cannot be read, or is set in vain; ``recipe``: all that others set."""
    try:
        word_template_of(cell.protocol.templates, cell.needs)
    except ConfigError as error:
        return f"method {cell.key.method!r}: {error}"
    theirs = cell.protocol.templates.pseudo_word
    if not cell.needs.pseudo_words or theirs is None or cell.needs.template == _unset(cell, recipe):
        return ""
    return (
        f"the protocol {cell.benchmark.name} has the template {theirs!r} for pseudo-words, so that "
        f"{cell.needs.template!r} of method {cell.key.method!r} is not read; do not set it, or choose another protocol."
    )


def _unset(cell: Cell, recipe: Mapping[str, Any]) -> str:
    """The method's template without the user's settings."""
    try:
        return needs_of(cell.method, make_params(cell.method.spec, recipe)).template
    except CirBenchError:  # a parameter that has no default: what the user set cannot be left out
        return cell.needs.template
