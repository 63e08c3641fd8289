"""Records to `Leaderboard`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from cir_bench.leaderboard.comparable import SectionKey, duplicates, newest, sections
from cir_bench.leaderboard.compared import compare_rows
from cir_bench.leaderboard.loaded import Beside
from cir_bench.leaderboard.metrics import LOWER_IS_BETTER, columns
from cir_bench.leaderboard.model import EncoderUse, Leaderboard, Row, Section
from cir_bench.leaderboard.places import place_of
from cir_bench.leaderboard.rows import failed_rows, finished_rows
from cir_bench.leaderboard.trust import foreign
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.statistics.rows import RowValues


def build(records: Iterable[RunRecord | StoredRecord]) -> Leaderboard:
    """The leaderboard of these records; their order does not matter. Cells on hidden test sets have no numbers to show.

    Numbers of two protocols, two versions of the data, two tracks or (controlled) two encoders are in sections of
    their own. Seeds are averaged when everything else that they depend on is the same; else the row is split. Rows get
    intervals and are compared where the queries of their cells are known (`StoredRecord`).
    """
    beside = Beside(records)
    several = duplicates(beside)
    grouped = sections([record for record in newest(beside) if not record.hidden])
    apart = _apart(list(grouped))
    return Leaderboard(
        sections=tuple(_section(key, grouped[key], apart[key], beside, several) for key in grouped),
    )


def _apart(keys: Sequence[SectionKey]) -> dict[SectionKey, tuple[str, ...]]:
    """Digests of protocol, data and features, each for the sections that differ in nothing else."""
    apart = {}
    for key in keys:
        rivals = [other for other in keys if other[:4] == key[:4]]
        apart[key] = tuple(
            f"{name.partition('_')[0]} {getattr(key, name)[:8] or 'unknown'}"
            for name in ("protocol_hash", "data", "features")
            if len({getattr(other, name) for other in rivals}) > 1
        )
    return apart


def _section(
    key: SectionKey, members: Sequence[RunRecord], apart: tuple[str, ...], beside: Beside, several: Mapping[Any, int]
) -> Section:
    done = [record for record in members if record.status == "done"]
    known = done or members
    headline = next((record.headline for record in known if record.headline), "")
    datasets = [record.dataset for record in known if record.dataset is not None]
    protocol = next((record.protocol for record in known if record.protocol), None)
    sample = known[0]
    ranked = _ranked(finished_rows(done, beside, several), headline)
    rows, comparisons = compare_rows([row for row, _ in ranked], [values for _, values in ranked], headline)
    encoder = [f"encoder {key.encoder}"] if key.encoder else []
    name = [f"{key.benchmark}/{key.protocol}", f"{key.track} track", *encoder]
    return Section(
        title=" · ".join([*name, *apart]),
        apart=apart,
        benchmark=key.benchmark,
        protocol=key.protocol,
        protocol_hash=protocol.hash if protocol else "",
        description=protocol.description if protocol else "",
        track=sample.cell.track,
        encoders=_encoders(known),
        reference=protocol.reference if protocol else None,
        gallery=protocol.gallery if protocol else "",
        query_text=protocol.query_text if protocol else "",
        n_queries=dict(sample.n_queries),
        n_gallery=dict(sample.n_gallery),
        n_train=max((one.n_train for one in datasets), default=0),
        synthetic=any(one.synthetic for one in datasets),
        missing_images=max((one.missing_images for one in datasets), default=0),
        missing_triplets=max((one.missing_triplets for one in datasets), default=0),
        dataset_plugin=next((foreign(one.plugin.distribution, one.plugin.version) for one in datasets), ""),
        known_protocol=builtin_protocol(key.benchmark, key.protocol) is not None,
        seeds=tuple(sorted({record.cell.seed for record in members})),
        headline=headline,
        columns=columns([record.metrics for record in done], headline, list(sample.n_queries)),
        places=tuple(sorted({place for record in done if (place := place_of(record))})),
        rows=(*rows, *failed_rows(members)),
        comparisons=comparisons,
    )


def _ranked(rows: Sequence[tuple[Row, RowValues | None]], headline: str) -> list[tuple[Row, RowValues | None]]:
    """Best first, sentinels at the bottom and without a rank; equal headlines share a rank."""
    sign = 1 if headline.rpartition("/")[2] in LOWER_IS_BETTER else -1

    def key(row: Row) -> tuple[bool, float]:
        value = row.metrics.get(headline)
        return row.kind == "sentinel", sign * value.mean if value else float("inf")

    ordered = sorted(rows, key=lambda pair: key(pair[0]))
    first = {best: place for place, best in reversed(list(enumerate((key(row) for row, _ in ordered), start=1)))}
    return [
        (row.model_copy(update={"rank": None if row.kind == "sentinel" else first[key(row)]}), values)
        for row, values in ordered
    ]


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
