"""Records and leaderboards as rows of a data frame; pandas is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cir_bench.interfaces.events import CellFinished
from cir_bench.leaderboards import Leaderboard, Row, Section
from cir_bench.records.record import RunRecord


def frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """A ``pandas.DataFrame`` with a column for every key, in the order in which they appear."""
    import pandas as pd

    listed = list(rows)
    return pd.DataFrame(listed, columns=list(dict.fromkeys(key for row in listed for key in row)))


def cell_row(record: RunRecord, event: CellFinished) -> dict[str, Any]:
    """One cell: its key, what became of it, every metric under its own name, its cost."""
    return {
        **record.cell.model_dump(include={"method", "variant", "benchmark", "protocol", "track", "encoder", "seed"}),
        "status": record.status,
        "outcome": event.outcome,
        "reason": event.reason,
        "folder": str(event.folder),
        "partial": record.partial,
        "limit": record.limit.queries if record.limit is not None else None,
        "headline": record.headline,
        **record.metrics,
        "parameters": record.method.parameters if record.method else None,
        "train_seconds": record.cost.train_seconds,
        "query_milliseconds": record.cost.query_milliseconds,
        "peak_memory_mib": record.cost.peak_memory_mib,
        "finished": record.finished,
    }


def board_rows(board: Leaderboard) -> Iterator[dict[str, Any]]:
    """One row for each row of each section: means under the metrics' own names, the headline's interval."""
    for section in board.sections:
        yield from (_board_row(section, row) for row in section.rows)


def _board_row(section: Section, row: Row) -> dict[str, Any]:
    headline = row.metrics.get(section.headline)
    interval = headline.interval if headline else None
    return {
        "section": section.title,
        **section.model_dump(include={"benchmark", "protocol", "track"}),
        **row.model_dump(include={"encoder", "method", "variant", "kind"}),
        "place": row.group if row.group is not None else row.rank,
        "seeds": row.seeds,
        "headline": section.headline,
        **{name: row.metrics[name].mean for name in section.columns if name in row.metrics},
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "sd": headline.sd if headline else None,
        "tuning": str(row.tuning or ""),
        **row.model_dump(include={"parameters", "train_seconds", "query_milliseconds", "peak_memory_mib"}),
        "remarks": row.remark,
    }
