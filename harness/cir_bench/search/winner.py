"""The cell to search with, where a folder with many finished cells is named: the winner of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from statistics import fmean

from cir_bench.errors import ConfigError, examples
from cir_bench.evaluation.metrics import lower_is_better
from cir_bench.plugin.registry import Registry
from cir_bench.records.load import read_records
from cir_bench.records.record import RECORD_FILE, RunRecord
from cir_bench.search.folder import MODEL_FILE
from cir_bench.search.model import searchable_cell
from cir_bench.search.weights import published_layout


@dataclass(frozen=True)
class Chosen:
    """A finished cell or exported model."""

    folder: Path
    why: str = ""
    """Why it is the one, as a sentence; empty if it was named itself."""


@dataclass(frozen=True)
class Use:
    """What a cell is wanted for."""

    check: Callable[[RunRecord, Registry], object]
    """`ConfigError` if a finished cell is of no use."""
    which: str
    """What is said of the others."""
    otherwise: str
    """What none of them is, if there is no other."""


SEARCH = Use(
    searchable_cell,
    "that can be searched with",
    "can be searched with",
)
WEIGHTS = Use(
    published_layout,
    "whose weights can be written alone",
    "has weights that can be written alone",
)


def choose_cell(where: Path, registry: Registry, uses: Sequence[Use] = (SEARCH,)) -> Chosen:
    """``where`` itself if it is a cell or a model; else the best of the finished cells below it, such as in ``runs``.

    The best method has the highest headline metric, averaged over its seeds; of those, the best seed is taken.
    Sentinels, quick looks (if there is anything else) and cells that are of no use for one of the ``uses`` do not take
    part.

    Raises:
        ConfigError: it does not exist, the cells below it are of several benchmarks, or none is of use.
    """
    if not where.exists():
        raise ConfigError(f"{where} does not exist; {_instead(where)}.")
    if where.name == RECORD_FILE or any((where / name).is_file() for name in (RECORD_FILE, MODEL_FILE)):
        return Chosen(where)
    below = read_records(where)[0] if where.is_dir() else {}
    if not below:
        return Chosen(where)
    found = {path.parent: record for path, record in below.items() if _measured(record)}
    found = {folder: record for folder, record in found.items() if record.limit is None} or found
    _refuse_several(where, found)
    which = " and ".join(use.which for use in uses)
    fitting = {folder: record for folder, record in found.items() if not _refusal(uses, record, registry)}
    for use in uses:
        refusals = [_refusal([use], record, registry).rstrip(".") for record in found.values()]
        if all(refusals):
            why = examples([*dict.fromkeys(refusals)], between="; ") or "they failed, are sentinels, or have no metrics"
            raise ConfigError(f"none of the {len(below)} cells below {where} {use.otherwise}: {why}.")
    if not fitting:
        raise ConfigError(f"no cell below {where} is one {which}; use one option at a time.")
    seeds, best = _best(fitting), found[_best(found)[0]]
    why = _said(where, fitting, seeds, which)
    if refused := _refusal(uses, best, registry):
        why += f" (not {best.cell.name}: {refused.rstrip('.')})"
    return Chosen(seeds[0], why)


def _instead(where: Path) -> str:
    """What to name; a method with other than its default parameters has a digest behind its name."""
    variants = sorted(map(str, where.parent.glob(f"{escape(where.name)}+*")))
    if variants:
        return f"with other parameters there is {examples(variants)}"
    return "name a folder of `cir-bench export`, or of a finished cell"


def _rows(found: Mapping[Path, RunRecord]) -> list[list[Path]]:
    """The folders of each method, with its parameters and encoder."""
    rows: dict[tuple[str, str, str], list[Path]] = {}
    for folder, record in found.items():
        rows.setdefault((record.cell.method, record.cell.variant, record.cell.encoder), []).append(folder)
    return list(rows.values())


def _best(found: Mapping[Path, RunRecord]) -> list[Path]:
    """The folders of the best method, the best seed first."""

    def value(folder: Path) -> float:
        record = found[folder]
        metric = record.metrics[record.headline]
        return -metric if lower_is_better(record.headline) else metric

    seeds = max(_rows(found), key=lambda folders: fmean(map(value, folders)))
    return sorted(seeds, key=value, reverse=True)


def _said(where: Path, found: Mapping[Path, RunRecord], seeds: Sequence[Path], which: str) -> str:
    """Which method was taken of those that are of use."""
    record, rows = found[seeds[0]], _rows(found)
    mean = fmean(found[one].metrics[record.headline] for one in seeds)
    best = f"the best of {len(rows)} methods" if len(rows) > 1 else "the only method"
    several = f", the mean of {len(seeds)} seeds" if len(seeds) > 1 else ""
    return f"{best} below {where} {which}: {record.cell.name}, {record.headline} {mean:.2f}{several}"


def _measured(record: RunRecord) -> bool:
    sentinel = record.method is not None and record.method.kind == "sentinel"
    return record.status == "done" and not record.hidden and not sentinel


def _refusal(uses: Sequence[Use], record: RunRecord, registry: Registry) -> str:
    """Why a cell is of no use; empty if it is."""
    for use in uses:
        try:
            use.check(record, registry)
        except ConfigError as error:
            return str(error)
    return ""


def _refuse_several(where: Path, found: dict[Path, RunRecord]) -> None:
    names = _names(found.values())
    if len(names) > 1:
        folder = min(found).relative_to(where).parts
        below = where.joinpath(*folder[: folder.index("cells") + 2] if "cells" in folder else folder[:1])
        raise ConfigError(
            f"the cells below {where} are of {len(names)} benchmarks ({examples(names)}), whose numbers do not "
            f"compare; name the folder of one, such as {below}."
        )


def _names(records: Iterable[RunRecord]) -> Sequence[str]:
    return sorted({f"{record.cell.benchmark}/{record.cell.protocol}" for record in records})
