"""Which records share a table, and which seeds are averaged. The order in which records are read does not matter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord

WEIGHTS = "encoder.weights"
"""The ingredient that differs between seeds by nature if an encoder is not pretrained."""


class SectionKey(NamedTuple):
    """What records must share to be ranked together; sections are listed in this order."""

    benchmark: str
    protocol: str
    track: str
    encoder: str
    """In the controlled track, where only the same features compare; empty in the paper track."""
    protocol_hash: str
    data: str
    """Digest of the data itself: another seed, folder or set of missing images is another section."""
    features: str
    """Digest of the encoder's weights, version, preprocessing and settings, in the controlled track; empty if no
    features are read."""
    claimed: bool = False
    """Whether the numbers could not be computed again (`StoredRecord.doubt`): such rows are never ranked."""
    limit: int = 0
    """Number of queries of a quick look (`RunRecord.limit`), whose rows are never ranked; 0: it is none."""

    @property
    def ranked(self) -> bool:
        """Whether rows have places."""
        return not self.claimed and not self.limit


CellIdentity = tuple[CellKey, SectionKey | None]
"""What two records of one cell share: the later one replaces the other."""


def identity(one: StoredRecord) -> CellIdentity:
    """The cell that a record is of, under the conditions in which it was measured."""
    return one.record.cell, _section_of(one)


def by_cell(records: Iterable[StoredRecord]) -> dict[CellIdentity, list[StoredRecord]]:
    """The records of each cell, the latest last, in a canonical order."""
    found: dict[CellIdentity, list[StoredRecord]] = {}
    for one in sorted(records, key=lambda one: _canonical(one.record)):
        found.setdefault(identity(one), []).append(one)
    return found


def newest(records: Iterable[StoredRecord]) -> list[StoredRecord]:
    """The latest record of each cell, in a canonical order.

    A failure is dropped if the cell finished later; numbers of an earlier run are kept next to a failure, and claimed
    ones next to numbers that were computed again.
    """
    latest = [group[-1] for group in by_cell(records).values()]
    done: dict[CellKey, str] = {}
    for one in latest:
        if one.record.status == "done" and not one.doubt:
            done[one.record.cell] = max(one.record.finished, done.get(one.record.cell, ""))
    return [one for one in latest if one.record.status == "done" or one.record.finished > done.get(one.record.cell, "")]


def duplicates(records: Iterable[StoredRecord]) -> dict[CellIdentity, int]:
    """How many different finished records there are of each cell that has more than one."""
    finished = by_cell(one for one in records if one.record.status == "done")
    counts = {cell: len({one.record.model_dump_json() for one in group}) for cell, group in finished.items()}
    return {cell: count for cell, count in counts.items() if count > 1}


def by_section(records: Sequence[StoredRecord]) -> dict[SectionKey, list[StoredRecord]]:
    """Records by section. A cell that failed before its data were known joins the section it was meant for.

    One that reads no features joins every section of its data, whatever the encoder's features are.
    """
    found: dict[SectionKey, list[StoredRecord]] = {}
    homeless, featureless = [], []
    for one in records:
        key = _section_of(one)
        if key is None:
            homeless.append(one)
        elif key.track == "controlled" and not key.features:
            featureless.append((key, one))
        else:
            found.setdefault(key, []).append(one)
    joined = [[key for key in found if key._replace(features="") == own] for own, _ in featureless]
    for (own, one), same in zip(featureless, joined, strict=True):
        for key in same or [own]:
            found.setdefault(key, []).append(one)
    sections = [key for key in found if not key.claimed]
    for one in homeless:
        meant = _meant_section(one.record)
        alike = [key for key in sections if key[:4] == meant[:4] and key.limit == meant.limit]
        fitting = [key for key in alike if meant.protocol_hash in ("", key.protocol_hash)]
        found.setdefault(fitting[0] if len(fitting) == 1 else meant, []).append(one)
    return dict(sorted(found.items(), key=lambda item: (item[0][:4], not item[0].ranked, item[0])))


def averaged(records: Sequence[StoredRecord]) -> list[list[StoredRecord]]:
    """Finished records of one method, variant and encoder, split where seeds were made from different ingredients."""
    groups: dict[tuple[tuple[str, str], ...], list[StoredRecord]] = {}
    for one in records:
        groups.setdefault(tuple(sorted(ingredients(one.record).items())), []).append(one)
    return sorted(
        groups.values(),
        key=lambda group: (-len(group), [one.record.cell.seed for one in group], group[0].record.finished),
    )


def differing(groups: Sequence[Sequence[StoredRecord]]) -> list[str]:
    """Names of the ingredients in which groups of records differ."""
    each = [ingredients(group[0].record) for group in groups]
    names = sorted(set().union(*each))
    return [name for name in names if len({one.get(name) for one in each}) > 1]


def ingredients(record: RunRecord) -> dict[str, str]:
    """Everything that the seeds of one row must share, by name."""
    random_weights = record.encoder is not None and not record.encoder.pretrained
    return {name: value for name, value in record.ingredients.items() if not (random_weights and name == WEIGHTS)}


def _canonical(record: RunRecord) -> tuple[str, ...]:
    cell = record.cell
    where = (cell.benchmark, cell.protocol, cell.track, cell.encoder, cell.method, cell.variant, f"{cell.seed:020d}")
    return (*where, record.finished, record.model_dump_json())


def _section_of(one: StoredRecord) -> SectionKey | None:
    """The section of a finished cell; None if its data are not known."""
    record = one.record
    if record.status == "failed" or record.protocol is None or record.dataset is None:
        return None
    data = {
        "ingredients": _ingredients_of(("dataset.", "data."), record),
        "missing": record.dataset.missing_images,
        "queries": record.n_queries,
        "gallery": record.n_gallery,
    }
    read = _ingredients_of(("encoder.",), record) if record.cell.track == "controlled" else {}
    features = _digest(read) if read else ""
    return _meant_section(record)._replace(data=_digest(data), features=features, claimed=bool(one.doubt))


def _meant_section(record: RunRecord) -> SectionKey:
    cell = record.cell
    encoder = cell.encoder if cell.track == "controlled" else ""
    protocol_hash = record.protocol.hash if record.protocol is not None else ""
    limit = record.limit.queries if record.limit is not None else 0
    return SectionKey(cell.benchmark, cell.protocol, cell.track, encoder, protocol_hash, "", "", limit=limit)


def _ingredients_of(prefixes: tuple[str, ...], record: RunRecord) -> dict[str, str]:
    return {name: value for name, value in ingredients(record).items() if name.startswith(prefixes)}


def _digest(facts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
