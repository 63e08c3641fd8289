"""`Leaderboard` to markdown: the same leaderboard gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from cir_bench.leaderboard.heading import facts
from cir_bench.leaderboard.markdown import code, plain, size, table
from cir_bench.leaderboard.model import Leaderboard, Row, Section, Value

RANK, METHOD, ENCODER, SEEDS, PARAMETERS, TRAINED = "#", "method", "encoder", "seeds", "parameters", "trained"
TRAIN, QUERY, REMARKS, REPORTED = "train (s)", "ms/query", "remarks", "reported "
TIMES = frozenset({TRAIN, QUERY})
"""Columns that no two machines agree on."""
LEFT = (METHOD, ENCODER, REMARKS)
NONE = "–"

INTRODUCTION = """\
# Leaderboard

Composed image retrieval, measured by cir-bench. Metrics are in percent: mean ± sample standard deviation over seeds
where there are several. Numbers of two tables were measured under different conditions: do not compare them.
`random` and `constant` are not ranked: they stand at the bottom, at chance, or the harness is broken. Numbers that
papers report are shown where the protocol is the same, and never ranked.
"""


def render(leaderboard: Leaderboard) -> str:
    """The leaderboard as markdown, ending in one newline."""
    return "\n\n".join([INTRODUCTION.strip(), *(_section(section) for section in leaderboard.sections)]) + "\n"


def _section(section: Section) -> str:
    shown = [key for key in section.columns if any(_reported(row, key) for row in section.rows)]
    sources = _sources(section.rows, shown)
    headers = _headers(section, shown)
    lines = [[_cell(section, row, header, sources) for header in headers] for row in section.rows]
    notes = [f"({letter}) {text}" for text, letter in sources.items()]
    return "\n\n".join([f"## {section.title}", *facts(section), table(headers, lines, LEFT), *notes])


def _headers(section: Section, shown: Sequence[str]) -> list[str]:
    headers = [RANK, METHOD]
    headers += [ENCODER] if section.track == "paper" else []
    for key in section.columns:
        headers += [key, REPORTED + key] if key in shown else [key]
    headers += [SEEDS, PARAMETERS]
    headers += [TRAINED] if any(row.trained_parameters != row.parameters for row in section.rows) else []
    headers += [TRAIN, QUERY]
    return [*headers, REMARKS] if any(row.remarks for row in section.rows) else headers


def _cell(section: Section, row: Row, header: str, sources: dict[str, str]) -> str:
    if header == RANK:
        return NONE if row.rank is None else str(row.rank)
    if header == METHOD:
        return code(row.method) + (f" ({code(row.variant)})" if row.variant else "")
    if header == ENCODER:
        return code(row.encoder)
    if header == SEEDS:
        return _seeds(row, section)
    if header == REMARKS:
        return plain("; ".join(row.remarks)) if row.remarks else ""
    if row.kind == "failed":
        return ""
    if header.startswith(REPORTED):
        return ", ".join(sorted(f"{one[0]} ({sources[one[1]]})" for one in _reported(row, header[len(REPORTED) :])))
    if header in section.columns:
        return _number(row.metrics.get(header))
    return _cost(row, header)


def _cost(row: Row, header: str) -> str:
    if header == PARAMETERS:
        return size(row.parameters)
    if header == TRAINED:
        return size(row.trained_parameters)
    if header == TRAIN:
        return f"{row.train_seconds:.1f}"
    return f"{row.query_milliseconds:.3f}"


def _number(value: Value | None) -> str:
    if value is None:
        return NONE
    return f"{value.mean:.2f}" if value.sd is None else f"{value.mean:.2f} ± {value.sd:.2f}"


def _seeds(row: Row, section: Section) -> str:
    """How many; which ones too when the table's rows do not all have the same."""
    if len({one.seeds for one in section.rows}) == 1:
        return str(len(row.seeds))
    return f"{len(row.seeds)} ({' '.join(map(str, row.seeds))})"


def _reported(row: Row, key: str) -> list[tuple[str, str]]:
    """``(value, source in words)`` of what papers report for this row under ``key``."""
    found = []
    for one in row.reported:
        if one.metric == key:
            other = "" if one.encoder == row.encoder else "; another encoder than here"
            note = f"; {one.note}" if one.note else ""
            source = f"{one.paper}, Table {one.table}: {one.named}, on {one.encoder}{note}{other}."
            found.append((f"{one.value:.2f}", source))
    return found


def _sources(rows: Sequence[Row], shown: Sequence[str]) -> dict[str, str]:
    """A letter for each source, in the order of the words."""
    words = sorted({source for row in rows for key in shown for _, source in _reported(row, key)})
    return {source: _letter(place) for place, source in enumerate(words)}


def _letter(place: int) -> str:
    rest, last = divmod(place, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("a") + last)
