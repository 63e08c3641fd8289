"""`Artefacts`: the files of ``--artefact``, by name and data set. Imports no torch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.registry import Registry
from cir_bench.plugin.spec_checks import NAME
from cir_bench.protocols.artefact import Artefact, read_artefact
from cir_bench.runs.cell import Cell

CHOSEN_BY_DATASET = "auto"
"""The split of a protocol that leaves the choice to the data set."""


class Artefacts:
    """The files that a run names, each ``NAME=FILE``; `ConfigError` for mistakes."""

    def __init__(self, given: Sequence[str]) -> None:
        self._files: dict[str, Artefact] = {}
        self._used: set[str] = set()
        self._wanted: dict[str, dict[str, None]] = {}
        for text in dict.fromkeys(given):
            self._files[text] = self._read(text)

    def given_to(self, cell: Cell) -> Cell:
        """The cell with the artefact that its method needs, which becomes part of its name; without it, unchanged."""
        if cell.refusal or (name := cell.needs.text_from) is None:
            return cell
        self._wanted.setdefault(name, {})[_where(cell)] = None
        for text, artefact in self._files.items():
            if artefact.name == name and _fits(artefact, cell):
                self._used.add(text)
                variant = sorted([*cell.key.variant.split(), f"{artefact.name}={artefact.mark}"])
                return replace(cell, artefact=artefact, key=cell.key.model_copy(update={"variant": " ".join(variant)}))
        return cell

    def refusal(self, cell: Cell) -> str:
        """Why a cell cannot run: its artefact is missing, or it would be trained; empty if it can."""
        name, where = cell.needs.text_from, _where(cell)
        if name is None:
            return ""
        if cell.artefact is None:
            same = [one for one in self._files.values() if one.name == name]
            given = "".join(f"; {one.path} is for {one.header.dataset} ({one.header.split})" for one in same)
            return (
                f"{cell.key.method} needs the artefact {name} for {where}: texts that were made elsewhere; pass "
                f"--artefact {name}=FILE{given}."
            )
        if cell.trains:
            return (
                f"encoder {cell.key.encoder!r} would be trained, and the artefact {name} has no texts for training; "
                "choose a pretrained encoder and keep it frozen."
            )
        return ""

    def refuse_unused(self) -> None:
        """`ConfigError` for a file that no cell of the run reads."""
        for text, one in self._files.items():
            if text not in self._used:
                where, read = f"{one.header.dataset} ({one.header.split})", self._wanted.get(one.name)
                mistake = f"no method of this run reads {one.name} of {where}; leave it out"
                if read:
                    mistake = (
                        f"this run reads {one.name} of {', '.join(read)}, not of {where}; "
                        "correct dataset and split in the file, or leave it out"
                    )
                raise ConfigError(f"--artefact {text}: {mistake}.")

    def _read(self, text: str) -> Artefact:
        name, equals, path = text.partition("=")
        if not equals or not path or not NAME.fullmatch(name):
            raise ConfigError(f"--artefact {text}: write NAME=FILE, for example target-text=texts.json.")
        try:
            artefact = read_artefact(Path(path).expanduser())
        except ConfigError as error:
            raise ConfigError(f"--artefact {name}: {error}") from error
        if artefact.name != name:
            raise ConfigError(f"--artefact {text}: this file is the artefact {artefact.name!r}, not {name!r}.")
        for other in self._files.values():
            if other.place == artefact.place:
                raise ConfigError(
                    f"--artefact {text}: {other.path} is for the same data set and split; keep one of them."
                )
        return artefact


def without_artefact(registry: Registry, run: Collection[str]) -> list[str]:
    """A sentence for each method that is not ``run``, since it needs an artefact."""
    needs = {name: one.spec.needs for name, one in registry.all(MethodSpec).items() if name not in run}
    return [
        f"{name} is left out: it needs --artefact {one.text_from}=FILE."
        for name, one in needs.items()
        if isinstance(one, Needs) and one.text_from
    ]


def _where(cell: Cell) -> str:
    split = cell.protocol.split
    return f"{cell.dataset.name} ({'any split' if split == CHOSEN_BY_DATASET else split})"


def _fits(artefact: Artefact, cell: Cell) -> bool:
    header = artefact.header
    return header.dataset == cell.dataset.name and cell.protocol.split in {header.split, CHOSEN_BY_DATASET}
