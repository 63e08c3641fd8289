"""Rows: cells of one method, variant and encoder, over their seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean, stdev

from cir_bench.leaderboards.facts import HASH_DIGITS, NOT_ZERO_SHOT
from cir_bench.leaderboards.grouping import CellIdentity, averaged, differing, identity, ingredients
from cir_bench.leaderboards.model import Row
from cir_bench.leaderboards.reported import reported_for
from cir_bench.leaderboards.values import Budget, Value
from cir_bench.leaderboards.zero_shot import seen
from cir_bench.plugin.owner import CORE
from cir_bench.records.load import StoredRecord
from cir_bench.records.models import PluginFacts
from cir_bench.records.record import RunRecord
from cir_bench.statistics.rows import RowValues, row_values


def finished_rows(
    records: Sequence[StoredRecord], copies: Mapping[CellIdentity, int]
) -> list[tuple[Row, RowValues | None]]:
    """One row for each method, variant and encoder of a section, with its queries; more if seeds must not be averaged.

    ``copies`` counts the records of cells that have several.
    """
    rows = []
    for _, cells in groupby(sorted(records, key=_name), key=_name):
        groups = averaged(list(cells))
        names = differing(groups)
        for group in groups:
            by_seed = sorted(group, key=lambda one: one.record.cell.seed)
            remarks = [_split_remark(group[0].record, names)] if names else []
            for one in by_seed:
                if count := copies.get(identity(one)):
                    remarks.append(f"seed {one.record.cell.seed}: the newest of {count} records")
            remarks += dict.fromkeys(f"claimed: {one.doubt}" for one in by_seed if one.doubt)
            row = _row(by_seed, remarks)
            rows.append((row, row_values(row.seeds, [one.queries for one in by_seed], by_seed[0].record.headline)))
    return rows


def failed_rows(records: Sequence[StoredRecord]) -> list[Row]:
    """One row for each method, variant, encoder and reason; the reason is its remark."""

    def key(one: StoredRecord) -> tuple[tuple[str, str, str], str]:
        return _name(one), _reason(one.record)

    failed = sorted((one for one in records if one.record.status == "failed"), key=key)
    return [
        Row(
            rank=None,
            method=method,
            variant=variant,
            encoder=encoder,
            kind="failed",
            seeds=tuple(sorted({one.record.cell.seed for one in cells})),
            tuning=_budget(cells[0].record),
            remarks=(reason,),
        )
        for ((method, variant, encoder), reason), cells in ((name, list(group)) for name, group in groupby(failed, key))
    ]


def place_of(record: RunRecord) -> str:
    """What times and memory depend on: device, precision, threads and torch; empty if the record does not say."""
    here = record.environment
    if here is None:
        return ""
    threads = f"{here.threads} thread{'' if here.threads == 1 else 's'}"
    return f"{here.device} ({here.precision}, {threads}, torch {here.torch})"


def third_party(plugin: PluginFacts) -> str:
    """Distribution and version of an object that is not cir-bench's own; empty for one that is."""
    return "" if plugin.distribution == CORE else f"{plugin.distribution} {plugin.version}".strip()


def _name(one: StoredRecord) -> tuple[str, str, str]:
    cell = one.record.cell
    return cell.method, cell.variant, cell.encoder


def _row(by_seed: Sequence[StoredRecord], remarks: Sequence[str]) -> Row:
    records = [one.record for one in by_seed]
    cell, method = records[0].cell, records[0].method
    facts = [record.method for record in records if record.method is not None]
    plugin = third_party(method.plugin) if method else ""
    metrics = _over_seeds([record.metrics for record in records])
    return Row(
        rank=None,
        method=cell.method,
        variant=cell.variant,
        encoder=cell.encoder,
        kind=method.kind if method else "method",
        seeds=tuple(record.cell.seed for record in records),
        tuning=_budget(records[0]),
        metrics=metrics,
        parameters=max((fact.parameters for fact in facts), default=0),
        trained_parameters=max((fact.trained_parameters for fact in facts), default=0),
        train_seconds=fmean(record.cost.train_seconds for record in records),
        query_milliseconds=fmean(record.cost.query_milliseconds for record in records),
        peak_memory_mib=max(record.cost.peak_memory_mib for record in records),
        places=tuple(sorted({place for record in records if (place := place_of(record))})),
        plugin=plugin,
        decoders=tuple(
            sorted({one for record in records if record.encoder for one in record.encoder.decoders.values()})
        ),
        weights=records[0].weights,
        training_data=tuple(dict.fromkeys(name for record in records for name in record.training_data)),
        seen=seen(records),
        cells=tuple(by_seed),
        reported=reported_for(cell, metrics, whole=not any(one.partial or one.limit for one in records)),
        remarks=(*([f"by {plugin}"] if plugin else []), *remarks, *_cautions(records)),
    )


def _budget(record: RunRecord) -> Budget | None:
    return Budget(trials=record.tuning.trials, epochs=record.tuning.epochs) if record.tuning else None


def _over_seeds(metrics: Sequence[Mapping[str, float]]) -> dict[str, Value]:
    """Mean and sample standard deviation of every metric that all seeds have."""
    found = {}
    for key in sorted(set(metrics[0]).intersection(*metrics[1:])):
        values = [one[key] for one in metrics]
        finite = all(map(math.isfinite, values))
        found[key] = Value(mean=fmean(values), sd=stdev(values) if len(values) > 1 and finite else None)
    return found


def _split_remark(record: RunRecord, names: Sequence[str]) -> str:
    have = ingredients(record)
    values = ", ".join(f"{name} {have.get(name, 'unknown')[:HASH_DIGITS]}" for name in names)
    return f"not averaged with the other seeds of this method, made from something else (here: {values})"


def _cautions(records: Sequence[RunRecord]) -> Iterator[str]:
    """What makes a row less than it seems. Other warnings stay in the record: libraries word them differently."""
    if any(record.limit for record in records):
        yield "quick look, not ranked"
    if any(record.partial for record in records):
        yield "partial"
    if saw := seen(records):
        yield f"{NOT_ZERO_SHOT}: saw {', '.join(saw)}"
    for facts in dict.fromkeys(record.weights for record in records):
        if facts is not None:
            yield "published weights, not trained for this table" + (f"; {facts.caution}" if facts.caution else "")
    for artefact in dict.fromkeys(record.artefact for record in records):
        if artefact is not None:
            yield f"{artefact.name} by {artefact.model}, {artefact.date}"
    for second in dict.fromkeys(record.rerank for record in records):
        if second is not None:
            yield str(second)
    if any(record.selection is not None and record.selection.on == "test" for record in records):
        yield "checkpoint chosen on the evaluation split, which leaks"


def _reason(record: RunRecord) -> str:
    failure = record.failure
    if failure is None:
        return "no reason is recorded"
    hint = f"; {failure.hint}" if failure.hint else ""
    return f"{failure.exception.rstrip('.')} ({failure.plugin} {failure.version}, {failure.stage}){hint}"
