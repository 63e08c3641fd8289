"""A section as headers and cells, in the markup of an output: markdown and LaTeX are written from the same table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cir_bench.leaderboard.markdown import size
from cir_bench.leaderboard.model import Row, Section, Value

RANK, LABEL, METHOD, ENCODER, INTERVAL, SEEDS = "#", "row", "method", "encoder", "95 % interval", "seeds"
PARAMETERS, TRAINED, REMARKS, REPORTED = "parameters", "trained", "remarks", "reported "
TRAIN, QUERY, MEMORY, PLACE = "train (s)", "ms/query", "peak (MiB)", "on"
COSTS = frozenset({TRAIN, QUERY, MEMORY, PLACE})
"""Columns that no two machines agree on."""
LEFT = (METHOD, ENCODER, REMARKS)
NONE = "–"


class Markup(Protocol):
    """How an output writes the pieces of a cell."""

    def plain(self, text: str) -> str:
        """Text of others, so that it marks nothing up."""

    def code(self, text: str) -> str:
        """A name."""

    def raised(self, text: str) -> str:
        """Labels, ranges of them and spaces, as a superscript."""

    def spread(self, mean: str, sd: str) -> str:
        """Mean ± standard deviation."""


class Table(NamedTuple):
    """A section's table."""

    headers: list[str]
    lines: list[list[str]]
    notes: list[tuple[str, str]]
    """Letters and the sources of reported numbers that they stand for, not yet marked up."""


def make_table(section: Section, markup: Markup) -> Table:
    """The table of ``section``; its headers are plain words in every markup."""
    overall = [key for key in section.columns if key.rpartition("/")[0] in {"", "mean"}]  # those of a part are in CSV
    shown = [key for key in overall if any(_reported(row, key) for row in section.rows)]
    sources = _sources(section.rows, shown)
    headers = _headers(section, shown)
    lines = [[_cell(section, row, header, sources, markup) for header in headers] for row in section.rows]
    return Table(headers, lines, [(letter, text) for text, letter in sources.items()])


def ranges(labels: Sequence[str], order: Sequence[str]) -> str:
    """Labels in short, three or more in a row as a range: ``b d-g``; ``order`` is that of the table."""
    places = sorted(map(order.index, labels))
    found: list[list[int]] = []
    for place in places:
        if found and place == found[-1][-1] + 1:
            found[-1].append(place)
        else:
            found.append([place])
    texts = []
    for run in found:
        names = [order[place] for place in run]
        texts += [f"{names[0]}-{names[-1]}"] if len(names) > 2 else names
    return " ".join(texts)


def _headers(section: Section, shown: Sequence[str]) -> list[str]:
    headers = [RANK]
    headers += [LABEL] if section.comparisons else []
    headers += [METHOD]
    headers += [ENCODER] if section.track == "paper" else []
    for key in section.columns:
        headers += [key]
        headers += [INTERVAL] if key == section.headline and _has_intervals(section) else []
        headers += [REPORTED + key] if key in shown else []
    headers += [SEEDS, PARAMETERS]
    headers += [TRAINED] if any(row.trained_parameters != row.parameters for row in section.rows) else []
    headers += [TRAIN, QUERY, MEMORY]
    headers += [PLACE] if len(section.places) > 1 else []
    return [*headers, REMARKS] if any(row.remarks for row in section.rows) else headers


def _has_intervals(section: Section) -> bool:
    return any(value.interval for row in section.rows for value in row.metrics.values())


def _cell(section: Section, row: Row, header: str, sources: dict[str, str], markup: Markup) -> str:
    if header == RANK:
        return _rank(row, section)
    if header == LABEL:
        return row.label if row.group is not None else ""
    if header == METHOD:
        return markup.code(row.method) + (f" ({markup.code(row.variant)})" if row.variant else "")
    if header == ENCODER:
        return markup.code(row.encoder)
    if header == SEEDS:
        return _seeds(row, section)
    if header == REMARKS:
        return markup.plain(row.remark) if row.remarks else ""
    if row.kind == "failed":
        return ""
    if header.startswith(REPORTED):
        return "; ".join(
            sorted(f"{text} ({sources[source]}){gap}" for text, source, gap in _reported(row, header[len(REPORTED) :]))
        )
    if header == INTERVAL:
        value = row.metrics.get(section.headline)
        return f"[{value.interval.low:.2f}, {value.interval.high:.2f}]" if value and value.interval else NONE
    if header in section.columns:
        beaten = row.beats if header == section.headline else ()
        labels = [other.label for other in section.rows if other.label]
        raised = markup.raised(ranges(beaten, labels)) if beaten else ""
        return _number(row.metrics.get(header), markup) + raised
    return _cost(section, row, header)


def _rank(row: Row, section: Section) -> str:
    """Place of the tie group; in brackets the bare place of a row that could not be compared."""
    if row.group is not None:
        return str(row.group)
    if row.rank is None:
        return NONE
    return f"({row.rank})" if section.comparisons else str(row.rank)


def _cost(section: Section, row: Row, header: str) -> str:
    if header == PARAMETERS:
        return size(row.parameters)
    if header == TRAINED:
        return size(row.trained_parameters)
    if header == TRAIN:
        return f"{row.train_seconds:.1f}"
    if header == MEMORY:
        return f"{row.peak_memory_mib:.0f}"
    if header == PLACE:
        return " ".join(str(section.places.index(place) + 1) for place in row.places) or NONE
    return f"{row.query_milliseconds:.3f}"


def _number(value: Value | None, markup: Markup) -> str:
    if value is None:
        return NONE
    mean = f"{value.mean:.2f}"
    return mean if value.sd is None else markup.spread(mean, f"{value.sd:.2f}")


def _seeds(row: Row, section: Section) -> str:
    """How many; which ones too when the table's rows do not all have the same."""
    if len({one.seeds for one in section.rows}) == 1:
        return str(len(row.seeds))
    return f"{len(row.seeds)} ({' '.join(map(str, row.seeds))})"


def _reported(row: Row, key: str) -> list[tuple[str, str, str]]:
    """``(value, source in words, difference)`` of what papers report for this row under ``key``."""
    found = []
    for one in row.reported:
        if one.metric == key:
            other = "" if one.on(row.encoder) else "; another encoder than here"
            note = f"; {one.note}" if one.note else ""
            source = f"{one.paper}, Table {one.table}: {one.named}, on {one.encoder}{note}{other}."
            gap = "" if one.difference is None else f" {one.difference:+.2f}"
            found.append((f"{one.value:.2f}", source, gap))
    return found


def _sources(rows: Sequence[Row], shown: Sequence[str]) -> dict[str, str]:
    """A letter for each source, in the order of the words."""
    words = sorted({source for row in rows for key in shown for _, source, _ in _reported(row, key)})
    return {source: _letter(place) for place, source in enumerate(words)}


def _letter(place: int) -> str:
    rest, last = divmod(place, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("A") + last)
