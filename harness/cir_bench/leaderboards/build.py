"""Records to `Leaderboard`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from cir_bench.evaluation.measure import MEAN
from cir_bench.evaluation.metrics import lower_is_better
from cir_bench.leaderboards.budgets import budgets, ranked_together
from cir_bench.leaderboards.comparisons import compare_rows
from cir_bench.leaderboards.facts import CLAIMED, QUICK_LOOK
from cir_bench.leaderboards.grouping import CellIdentity, SectionKey, by_cell, by_section, duplicates, newest
from cir_bench.leaderboards.model import EncoderUse, Leaderboard, Row, Section
from cir_bench.leaderboards.reproduced import with_badge
from cir_bench.leaderboards.rows import failed_rows, finished_rows, third_party
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.statistics.rows import RowValues


def build(records: Iterable[RunRecord | StoredRecord]) -> Leaderboard:
    """The leaderboard of these records, in any order. Cells on hidden test sets are left out: they have no numbers.

    Numbers of two protocols, two versions of the data, two tracks or (controlled) two encoders are in separate
    sections. Seeds are averaged if everything else that they depend on is the same; otherwise the row is split. Rows
    get intervals and are compared if the queries of their cells are known (`StoredRecord`).
    """
    stored = [one if isinstance(one, StoredRecord) else StoredRecord(one, Path()) for one in records]
    copies = duplicates(stored)
    finished = by_cell(one for one in stored if one.record.status == "done")
    grouped = by_section([one for one in newest(stored) if not one.record.hidden])
    return Leaderboard(
        sections=tuple(
            _section(key, members, _apart(key, grouped), copies, finished) for key, members in grouped.items()
        )
    )


def _apart(key: SectionKey, keys: Iterable[SectionKey]) -> tuple[str, ...]:
    """What tells a section from others: "claimed", a quick look; digests of protocol, data and features that differ."""
    same_name = [other for other in keys if (*other[:4], *other[7:]) == (*key[:4], *key[7:])]
    digests = tuple(
        f"{name.partition('_')[0]} {getattr(key, name)[:8] or 'unknown'}"
        for name in ("protocol_hash", "data", "features")
        if len({getattr(other, name) for other in same_name}) > 1
    )
    look = (f"{QUICK_LOOK} {key.limit}",) if key.limit else ()
    return (*((CLAIMED,) if key.claimed else ()), *look, *digests)


def _section(
    key: SectionKey,
    members: Sequence[StoredRecord],
    apart: tuple[str, ...],
    copies: Mapping[CellIdentity, int],
    known: Mapping[CellIdentity, Sequence[StoredRecord]],
) -> Section:
    finished = [one for one in members if one.record.status == "done"]
    records = [one.record for one in finished or members]
    headline = next((record.headline for record in records if record.headline), "")
    datasets = [record.dataset for record in records if record.dataset is not None]
    protocol = next((record.protocol for record in records if record.protocol), None)
    found = [(with_badge(row, known, headline), values) for row, values in finished_rows(finished, copies)]
    listed = _ranked(found, headline) if key.ranked else [(row, None) for row, _ in found]
    rows, comparisons = compare_rows([row for row, _ in listed], [values for _, values in listed], headline)
    encoder = [f"encoder {key.encoder}"] if key.encoder else []
    return Section(
        title=" · ".join([f"{key.benchmark}/{key.protocol}", f"{key.track} track", *encoder, *apart]),
        apart=apart,
        benchmark=key.benchmark,
        protocol=key.protocol,
        protocol_hash=protocol.hash if protocol else "",
        description=protocol.description if protocol else "",
        track=records[0].cell.track,
        encoders=_encoders(records),
        reference=protocol.reference if protocol else None,
        gallery=protocol.gallery if protocol else "",
        query_text=protocol.query_text if protocol else "",
        n_queries=dict(records[0].n_queries),
        n_gallery=dict(records[0].n_gallery),
        n_train=max((one.n_train for one in datasets if one.examples == "triplets"), default=0),
        synthetic=any(one.synthetic for one in datasets),
        missing_images=max((one.missing_images for one in datasets), default=0),
        missing_triplets=max((one.missing_triplets for one in datasets), default=0),
        problems=tuple(dict.fromkeys(problem for one in datasets for problem in one.problems)),
        dataset_plugin=next((third_party(one.plugin) for one in datasets), ""),
        claimed=key.claimed,
        limit=key.limit,
        known_protocol=builtin_protocol(key.benchmark, key.protocol) is not None,
        seeds=tuple(sorted({one.record.cell.seed for one in members})),
        headline=headline,
        headline_of=next((one.queries.headline.mean_of for one in finished if one.queries is not None), ()),
        columns=_columns([one.record.metrics for one in finished], headline, list(records[0].n_queries)),
        places=tuple(sorted({place for row in rows if row.kind != "sentinel" for place in row.places})),
        rows=(*rows, *failed_rows(members)),
        comparisons=comparisons,
        budgets=budgets(rows),
    )


def _columns(metrics: Iterable[Mapping[str, float]], headline: str, parts: Sequence[str]) -> tuple[str, ...]:
    """Every metric that a row has: the headline, then means over parts, then part by part; by name and cut-off."""
    places = {part: place for place, part in enumerate(["", MEAN, *sorted(parts)])}

    def order(key: str) -> tuple[bool, int, str, str, int, str]:
        part, _, name = key.rpartition("/")
        base, _, cut_off = name.partition("@")
        depth = int(cut_off) if re.fullmatch(r"\d+", cut_off) else 0
        return key != headline, places.get(part, len(places)), part, base, depth, key

    return tuple(sorted(set().union(*metrics), key=order))


def _ranked(rows: Sequence[tuple[Row, RowValues | None]], headline: str) -> list[tuple[Row, RowValues | None]]:
    """Best first, sentinels at the bottom and without a rank; equal headlines share a rank.

    Where rows have several tuning budgets, those of one budget follow each other, and have ranks of their own.
    """
    sign = 1 if lower_is_better(headline) else -1
    together = ranked_together([row for row, _ in rows])

    def key(place: int) -> tuple[bool, int, float]:
        row = rows[place][0]
        value = row.metrics.get(headline)
        return row.kind == "sentinel", together[place], sign * value.mean if value else float("inf")

    ordered = sorted(range(len(rows)), key=key)
    found = []
    for place in ordered:
        row, values = rows[place]
        others = [key(other) for other in ordered if key(other)[:2] == key(place)[:2]]
        rank = None if row.kind == "sentinel" else others.index(key(place)) + 1
        found.append((row.model_copy(update={"rank": rank}), values))
    return found


def _encoders(records: Sequence[RunRecord]) -> tuple[EncoderUse, ...]:
    found = []
    facts = [(record.cell.encoder, record.encoder) for record in records if record.encoder is not None]
    for name, uses in groupby(sorted(facts, key=lambda fact: fact[0]), key=lambda fact: fact[0]):
        each = [use for _, use in uses]
        weights = {use.weights_digest for use in each}
        found.append(
            EncoderUse(
                name=name,
                plugin=f"{each[0].plugin.distribution} {each[0].plugin.version}",
                weights=weights.pop() if len(weights) == 1 else "",
                dtype=each[0].dtype,
                preprocess=each[0].preprocess,
                trained=any(use.trained for use in each),
                pixel_free=any(use.pixel_free for use in each),
            )
        )
    return tuple(found)
