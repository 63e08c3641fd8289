"""The cell to search with, where a folder with many finished cells is named: the winner of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True)
class Chosen:
    """A finished cell or exported model."""

    folder: Path
    why: str = ""
    """Why it is the one, as a sentence; empty if it was named itself."""


def choose_cell(where: Path, registry: Registry) -> Chosen:
    """``where`` itself if it is a cell or a model; else the best of the finished cells below it, such as in ``runs``.

    The best method has the highest headline metric, averaged over its seeds; of those, the best seed is taken.
    Sentinels, quick looks (if there is anything else) and cells that no image can be searched with do not take part.

    Raises:
        ConfigError: it does not exist, the cells below it are of several benchmarks, or none can be searched with.
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
    fitting = {folder: record for folder, record in found.items() if _searchable(record, registry)}
    if not fitting:
        raise ConfigError(
            f"none of the {len(below)} cells below {where} can be searched with: they failed, are sentinels, or read "
            "no pixels; run a method with an encoder that reads them."
        )
    return _best(where, fitting)


def _instead(where: Path) -> str:
    """What to name; a method with other than its default parameters has a digest behind its name."""
    variants = sorted(map(str, where.parent.glob(f"{escape(where.name)}+*")))
    if variants:
        return f"with other parameters there is {examples(variants)}"
    return "name a folder of `cir-bench export`, or of a finished cell"


def _best(where: Path, found: dict[Path, RunRecord]) -> Chosen:
    rows: dict[tuple[str, str, str], list[Path]] = {}
    for folder, record in found.items():
        rows.setdefault((record.cell.method, record.cell.variant, record.cell.encoder), []).append(folder)

    def value(folder: Path) -> float:
        record = found[folder]
        metric = record.metrics[record.headline]
        return -metric if lower_is_better(record.headline) else metric

    seeds = max(rows.values(), key=lambda folders: fmean(map(value, folders)))
    folder = max(seeds, key=value)
    record = found[folder]
    mean = fmean(found[one].metrics[record.headline] for one in seeds)
    which = f"the best of {len(rows)} methods" if len(rows) > 1 else "the only method"
    several = f", the mean of {len(seeds)} seeds" if len(seeds) > 1 else ""
    return Chosen(
        folder,
        f"{which} below {where} that can be searched with: {record.cell.name}, {record.headline} {mean:.2f}{several}",
    )


def _measured(record: RunRecord) -> bool:
    sentinel = record.method is not None and record.method.kind == "sentinel"
    return record.status == "done" and not record.hidden and not sentinel


def _searchable(record: RunRecord, registry: Registry) -> bool:
    try:
        searchable_cell(record, registry)
    except ConfigError:
        return False
    return True


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
