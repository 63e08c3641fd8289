"""Rows: cells of one method, variant and encoder, over their seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import fmean

from cir_bench.leaderboard.comparable import averaged, differing, ingredients
from cir_bench.leaderboard.metrics import over_seeds
from cir_bench.leaderboard.model import Row
from cir_bench.leaderboard.reported import reported_for
from cir_bench.runs.record import RunRecord

SHORT = 12
"""Digits of a digest that are shown."""


def finished_rows(records: Sequence[RunRecord]) -> list[Row]:
    """One row for each method, variant and encoder; more where seeds must not be averaged, with a remark."""
    rows = []
    for _, cells in groupby(sorted(records, key=_name), key=_name):
        groups = averaged(list(cells))
        names = differing(groups)
        rows += [_row(group, [_split_remark(group, names)] if names else []) for group in groups]
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


def _row(records: Sequence[RunRecord], remarks: Sequence[str]) -> Row:
    by_seed = sorted(records, key=lambda record: record.cell.seed)
    cell, method = by_seed[0].cell, by_seed[0].method
    facts = [record.method for record in by_seed if record.method is not None]
    return Row(
        rank=None,
        method=cell.method,
        variant=cell.variant,
        encoder=cell.encoder,
        kind=method.kind if method else "method",
        seeds=tuple(record.cell.seed for record in by_seed),
        metrics=over_seeds([record.metrics for record in by_seed]),
        parameters=max((fact.parameters for fact in facts), default=0),
        trained_parameters=max((fact.trained_parameters for fact in facts), default=0),
        train_seconds=fmean(record.cost.train_seconds for record in by_seed),
        query_milliseconds=fmean(record.cost.query_milliseconds for record in by_seed),
        reported=reported_for(cell),
        remarks=(*remarks, *_cautions(by_seed)),
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
        return "did not run: no reason is recorded"
    hint = f". {failure.hint}" if failure.hint else ""
    return f"did not run: {failure.exception.rstrip('.')} ({failure.plugin} {failure.version}, {failure.stage}){hint}"
