"""Rows: cells of one method, variant and encoder, over their seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

from cir_bench.leaderboard.comparable import averaged, differing, identity, ingredients
from cir_bench.leaderboard.loaded import Beside
from cir_bench.leaderboard.metrics import over_seeds
from cir_bench.leaderboard.model import Row
from cir_bench.leaderboard.places import place_of
from cir_bench.leaderboard.reported import reported_for
from cir_bench.leaderboard.trust import foreign
from cir_bench.records.record import RunRecord
from cir_bench.statistics.rows import RowValues, row_values

SHORT = 12
"""Digits of a digest that are shown."""


def finished_rows(
    records: Sequence[RunRecord], beside: Beside, several: Mapping[Any, int]
) -> list[tuple[Row, RowValues | None]]:
    """One row for each method, variant and encoder, and its queries; more where seeds must not be averaged.

    Args:
        records: finished cells of one section, one for each cell.
        beside: what lies beside them.
        several: cells of which there were several records, by `identity`.
    """
    rows = []
    for _, cells in groupby(sorted(records, key=_name), key=_name):
        groups = averaged(list(cells))
        names = differing(groups)
        for group in groups:
            by_seed = sorted(group, key=lambda record: record.cell.seed)
            remarks = [_split_remark(group, names)] if names else []
            remarks += [
                f"seed {record.cell.seed}: the newest of {several[identity(record)]} records"
                for record in by_seed
                if identity(record) in several
            ]
            row = _row(by_seed, remarks).model_copy(update={"cells": tuple(map(beside.folder, by_seed))})
            rows.append((row, row_values(row.seeds, [*map(beside.queries, by_seed)], by_seed[0].headline)))
    return rows


def failed_rows(records: Sequence[RunRecord]) -> list[Row]:
    """One row for each method, variant, encoder and reason; the reason is its remark."""

    def key(record: RunRecord) -> tuple[tuple[str, str, str], str]:
        return _name(record), _reason(record)

    failed = sorted((record for record in records if record.status == "failed"), key=key)
    return [
        Row(
            rank=None,
            method=method,
            variant=variant,
            encoder=encoder,
            kind="failed",
            seeds=tuple(sorted({record.cell.seed for record in cells})),
            remarks=(reason,),
        )
        for ((method, variant, encoder), reason), cells in groupby(failed, key=key)
    ]


def _name(record: RunRecord) -> tuple[str, str, str]:
    return record.cell.method, record.cell.variant, record.cell.encoder


def _row(by_seed: Sequence[RunRecord], remarks: Sequence[str]) -> Row:
    cell, method = by_seed[0].cell, by_seed[0].method
    facts = [record.method for record in by_seed if record.method is not None]
    plugin = foreign(method.plugin.distribution, method.plugin.version) if method else ""
    metrics = over_seeds([record.metrics for record in by_seed])
    return Row(
        rank=None,
        method=cell.method,
        variant=cell.variant,
        encoder=cell.encoder,
        kind=method.kind if method else "method",
        seeds=tuple(record.cell.seed for record in by_seed),
        metrics=metrics,
        parameters=max((fact.parameters for fact in facts), default=0),
        trained_parameters=max((fact.trained_parameters for fact in facts), default=0),
        train_seconds=fmean(record.cost.train_seconds for record in by_seed),
        query_milliseconds=fmean(record.cost.query_milliseconds for record in by_seed),
        peak_memory_mib=max(record.cost.peak_memory_mib for record in by_seed),
        places=tuple(sorted({place for record in by_seed if (place := place_of(record))})),
        plugin=plugin,
        reported=reported_for(cell, metrics, whole=not any(record.partial for record in by_seed)),
        remarks=(*([f"by {plugin}"] if plugin else []), *remarks, *_cautions(by_seed)),
    )


def _split_remark(records: Sequence[RunRecord], names: Sequence[str]) -> str:
    have = ingredients(records[0])
    values = ", ".join(f"{name} {have.get(name, 'unknown')[:SHORT]}" for name in names)
    return f"not averaged with the other seeds of this method, made from something else (here: {values})"


def _cautions(records: Sequence[RunRecord]) -> Iterator[str]:
    """What makes a row less than it seems. Other warnings stay in the record: libraries word them anew everywhere."""
    if any(record.partial for record in records):
        yield "partial"
    if any(record.selection is not None and record.selection.on == "test" for record in records):
        yield "checkpoint chosen on the evaluation split, which leaks"


def _reason(record: RunRecord) -> str:
    failure = record.failure
    if failure is None:
        return "no reason is recorded"
    hint = f"; {failure.hint}" if failure.hint else ""
    return f"{failure.exception.rstrip('.')} ({failure.plugin} {failure.version}, {failure.stage}){hint}"
