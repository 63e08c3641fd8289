"""What the code of a cell's plugins is, as ingredients: one for each plugin, with the digests of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cir_bench.interfaces.specs import Spec
from cir_bench.plugin.needs import losses_of
from cir_bench.plugin.registry import Registered
from cir_bench.plugin.sources import source_of
from cir_bench.runs.cell import Cell

CODE = "code."
"""``code.PLUGIN``; ``dataset.code.PLUGIN`` and ``encoder.code.PLUGIN`` keep tables apart, too, as other data do."""


def code_ingredients(cell: Cell) -> dict[str, str]:
    """Of its method with composers and losses, the encoder that it reads and its data sets; nothing is imported."""
    return _code(cell, with_data=True)


def changed_model_code(cell: Cell, recorded: Mapping[str, str]) -> list[str]:
    """As of `changed_code`, for the method and the encoder alone; ``recorded`` are the ingredients of the cell."""
    before = {name: _files(value) for name, value in recorded.items()}
    now = {name: _files(value) for name, value in _code(cell, with_data=False).items()}
    differing = {
        name: [file for file, digest in files.items() if before.get(name, {}).get(file) != digest]
        for name, files in now.items()
    }
    return [f"code of plugin {_plugin(name)} changed: {', '.join(files)}" for name, files in differing.items() if files]


def _code(cell: Cell, *, with_data: bool) -> dict[str, str]:
    found: dict[str, dict[str, str]] = {}

    def add(role: str, registered: Registered[Spec], digests: Mapping[str, str]) -> None:
        # the versions of built-in specs say what changes numbers, so that released records stay in one table
        prefix = CODE if registered.owner.builtin else f"{role}{CODE}"
        if digests:
            found.setdefault(prefix + registered.owner.distribution, {}).update(digests)

    for registered in _method_parts(cell):
        add("", registered, source_of(registered).digests)
    if cell.needs.features:
        add("encoder.", cell.encoder, source_of(cell.encoder).digests)
    for dataset, _ in cell.datasets if with_data else ():
        add("dataset.", dataset, source_of(dataset).digests)
    return {
        name: "\n".join(f"{file}={digest}" for file, digest in sorted(digests.items()))
        for name, digests in found.items()
    }


def changed_code(name: str, before: str, now: str) -> str:
    """What changed in a plugin, as in ``code of plugin my.py changed: helper.py``; empty for another ingredient."""
    plugin = _plugin(name)
    if not plugin:
        return ""
    old, new = _files(before), _files(now)
    if not old:
        return f"code of plugin {plugin} is not in the record"
    files = sorted(file for file in {*old, *new} if old.get(file) != new.get(file))
    return f"code of plugin {plugin} changed: {', '.join(files)}"


def _plugin(name: str) -> str:
    """The plugin of an ingredient; empty if it is not of code."""
    return f".{name}".partition(f".{CODE}")[2]


def _files(value: str) -> dict[str, str]:
    pairs = (line.rpartition("=") for line in value.splitlines())
    return {file: digest for file, equals, digest in pairs if equals}


def _method_parts(cell: Cell) -> Iterable[Registered[Spec]]:
    """The method, the composers that it wraps, and every composer and loss that its code or parameters name."""
    found: dict[str, Registered[Spec]] = {}
    waiting: list[Registered[Any]] = [cell.method, *(composer for composer, _ in cell.wrapped)]
    names = {*losses_of(cell.method, cell.method_params), *_texts(cell.method_params.model_dump(mode="json"))}
    waiting += [one for one in cell.library if one.name in names]
    while waiting:
        one = waiting.pop()
        if str(one) not in found:
            found[str(one)] = one
            strings = source_of(one).strings
            waiting += [other for other in cell.library if other.name in strings]
    return found.values()


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
