"""`Leaderboard` to CSV: one line for each row and metric, full precision, for a spreadsheet or a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from cir_bench.leaderboards import escape
from cir_bench.leaderboards.columns import table_of
from cir_bench.leaderboards.facts import cautions
from cir_bench.leaderboards.model import Leaderboard, Row, Section
from cir_bench.leaderboards.table import MetricEntry, ReportedEntry, Table, TableRow

COLUMNS = (
    *("section", "benchmark", "protocol", "protocol_hash", "track", "encoder", "row", "place", "method", "variant"),
    *("kind", "plugin", "tuning", "seeds", "metric", "mean", "sd", "low", "high", "beats", "reported", "difference"),
    *("parameters", "trained_parameters", "train_seconds", "query_milliseconds", "peak_memory_mib", "machine"),
    *("cautions", "remarks"),
)
_NUMBERS = frozenset({"difference"})
"""Columns whose text may begin with a sign."""


def render_csv(leaderboard: Leaderboard) -> str:
    """The leaderboard as CSV with a header; a row that did not run has one line without a metric."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for section in leaderboard.sections:
        table = table_of(section, every_metric=True)
        for row in table.rows:
            writer.writerows(map(_escaped, _lines(table, row)))
    return text.getvalue()


def _lines(table: Table, row: TableRow) -> Iterator[dict[str, object]]:
    about = _about(table.section, row.row)
    quoted = {column.metric: entry.numbers for column, entry in table.zipped(row) if isinstance(entry, ReportedEntry)}
    measured = [(column.metric, entry) for column, entry in table.zipped(row) if isinstance(entry, MetricEntry)]
    for metric, entry in measured:
        value, reported = entry.value, [number for number, _ in quoted.get(metric, ())]
        yield about | {
            "metric": metric,
            "mean": value.mean,
            "sd": value.sd,
            "low": value.interval.low if value.interval else None,
            "high": value.interval.high if value.interval else None,
            "beats": " ".join(row.row.beats) if entry.headline else "",
            "reported": "; ".join(f"{one.value:g} ({one.cited})" for one in reported),
            "difference": "; ".join(f"{one.difference:+.2f}" for one in reported if one.difference is not None),
        }
    if not measured:
        yield about


def _about(section: Section, row: Row) -> dict[str, object]:
    """What all lines of a row share."""
    return {
        "section": section.title,
        "benchmark": section.benchmark,
        "protocol": section.protocol,
        **section.model_dump(include={"protocol_hash", "track"}),
        "encoder": row.encoder,
        "row": row.label,
        "place": row.group if row.group is not None else ("" if section.comparisons else row.rank),
        "method": row.method,
        "variant": row.variant,
        "plugin": row.plugin,
        "tuning": str(row.tuning or ""),
        "seeds": " ".join(map(str, row.seeds)),
        **row.model_dump(include={"kind", "parameters", "trained_parameters"}),
        **row.model_dump(include={"train_seconds", "query_milliseconds", "peak_memory_mib"}),
        "machine": "; ".join(row.places),
        "cautions": " ".join(cautions(section)),
        "remarks": row.remark,
    }


def _escaped(line: dict[str, object]) -> dict[str, object]:
    return {
        name: escape.csv(value) if isinstance(value, str) and name not in _NUMBERS else value
        for name, value in line.items()
    }
