"""Which records may stand in one table, and which seeds may be averaged. Everything here is free of order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.records.record import RunRecord

WEIGHTS = "encoder.weights"
"""The ingredient that differs between seeds by nature, when an encoder is not pretrained."""


class SectionKey(NamedTuple):
    """What records must share to be ranked together; sections are listed in this order."""

    benchmark: str
    protocol: str
    track: str
    encoder: str
    """In the controlled track, where only the same features compare; empty in the paper track."""
    protocol_hash: str
    data: str
    """Digest of the data itself: same name and protocol, but another seed, folder or missing images, is no rival."""
    features: str
    """Digest of the encoder's weights, version, preprocessing and settings, in the controlled track."""


def newest(records: Iterable[RunRecord]) -> list[RunRecord]:
    """One record per cell, the one that finished last, in a canonical order.

    A failure is dropped when the same cell was finished later; numbers that an earlier run of it gave stay beside it.
    """
    found: dict[tuple[CellKey, SectionKey | None], RunRecord] = {}
    for record in sorted(records, key=_canonical):
        found[identity(record)] = record
    done: dict[CellKey, str] = {}
    for record in found.values():
        if record.status == "done":
            done[record.cell] = max(record.finished, done.get(record.cell, ""))
    return [r for r in found.values() if r.status == "done" or r.finished > done.get(r.cell, "")]


def duplicates(records: Iterable[RunRecord]) -> dict[tuple[CellKey, SectionKey | None], int]:
    """Cells of which several different finished records are there, and how many; `newest` keeps one of them."""
    seen: dict[tuple[CellKey, SectionKey | None], set[str]] = {}
    for record in records:
        if record.status == "done":
            seen.setdefault(identity(record), set()).add(record.model_dump_json())
    return {key: len(different) for key, different in seen.items() if len(different) > 1}


def identity(record: RunRecord) -> tuple[CellKey, SectionKey | None]:
    """What two records of one cell have in common: a later one takes the place of the other."""
    return record.cell, _known_section(record)


def sections(records: Sequence[RunRecord]) -> dict[SectionKey, list[RunRecord]]:
    """Records by section. A cell that failed before its data were known joins the section that it was meant for."""
    found: dict[SectionKey, list[RunRecord]] = {}
    for record in records:
        key = _known_section(record)
        if key is not None:
            found.setdefault(key, []).append(record)
    homes = list(found)
    for record in records:
        if _known_section(record) is None:
            found.setdefault(_home(record, homes), []).append(record)
    return dict(sorted(found.items()))


def averaged(records: Sequence[RunRecord]) -> list[list[RunRecord]]:
    """Finished records of one method, variant and encoder, split where seeds were made from different ingredients."""
    groups: dict[tuple[tuple[str, str], ...], list[RunRecord]] = {}
    for record in records:
        groups.setdefault(tuple(sorted(ingredients(record).items())), []).append(record)
    return sorted(groups.values(), key=lambda group: (-len(group), [r.cell.seed for r in group], group[0].finished))


def ingredients(record: RunRecord) -> dict[str, str]:
    """Everything that the seeds of one row must share, by name."""
    random_weights = record.encoder is not None and not record.encoder.pretrained
    return {name: value for name, value in record.ingredients.items() if not (random_weights and name == WEIGHTS)}


def differing(groups: Sequence[Sequence[RunRecord]]) -> list[str]:
    """Names of the ingredients in which groups of records differ."""
    each = [ingredients(group[0]) for group in groups]
    names = sorted(set().union(*each))
    return [name for name in names if len({one.get(name) for one in each}) > 1]


def _canonical(record: RunRecord) -> tuple[str, ...]:
    cell = record.cell
    where = (cell.benchmark, cell.protocol, cell.track, cell.encoder, cell.method, cell.variant, f"{cell.seed:020d}")
    return (*where, record.finished, record.model_dump_json())


def _known_section(record: RunRecord) -> SectionKey | None:
    cell, protocol, dataset = record.cell, record.protocol, record.dataset
    if record.status == "failed" or protocol is None or dataset is None:
        return None
    data = {
        "ingredients": _ingredients_of(("dataset.", "data."), record),
        "missing": dataset.missing_images,
        "queries": record.n_queries,
        "gallery": record.n_gallery,
    }
    features = _digest(_ingredients_of(("encoder.",), record)) if cell.track == "controlled" else ""
    return _meant_section(record)._replace(protocol_hash=protocol.hash, data=_digest(data), features=features)


def _meant_section(record: RunRecord) -> SectionKey:
    cell = record.cell
    encoder = cell.encoder if cell.track == "controlled" else ""
    known = record.protocol.hash if record.protocol is not None else ""
    return SectionKey(cell.benchmark, cell.protocol, cell.track, encoder, known, "", "")


def _home(record: RunRecord, homes: Sequence[SectionKey]) -> SectionKey:
    meant = _meant_section(record)
    fitting = [key for key in homes if key[:4] == meant[:4] and meant.protocol_hash in ("", key.protocol_hash)]
    return fitting[0] if len(fitting) == 1 else meant


def _ingredients_of(prefixes: tuple[str, ...], record: RunRecord) -> dict[str, str]:
    return {name: value for name, value in ingredients(record).items() if name.startswith(prefixes)}


def _digest(facts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
