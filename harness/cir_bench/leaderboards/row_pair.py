"""Two rows of the leaderboard by name, for `cir-bench compare`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError, did_you_mean, examples
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.leaderboards.grouping import by_section, newest
from cir_bench.leaderboards.model import Row
from cir_bench.leaderboards.rows import finished_rows
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.statistics.rows import RowValues

_NAMED = re.compile(r"(?P<method>[^\[\]#]+)(\[(?P<variant>.*)\])?(#(?P<seed>\d{1,18}))?")
RowSelector = Callable[[StoredRecord], bool]
"""Whether a cell belongs to the row that is named."""


def row_selector(text: str) -> RowSelector:
    """The cells of ``tirg``, ``tirg[training.epochs=5]``, ``tirg#0`` (one seed), or in an existing folder."""
    if "/" in text or text in {".", ".."}:
        folder = Path(text).resolve()
        if not folder.is_dir():
            raise ConfigError(f"There is no folder {text} with run records; name one, or a method.")
        return lambda one: one.folder.resolve().is_relative_to(folder)
    found = _NAMED.fullmatch(text)
    if found is None:
        raise ConfigError(f"{text!r} does not name a row; write METHOD, METHOD[VARIANT], METHOD#SEED or a folder.")
    method, variant = found["method"], found["variant"]
    seed = None if found["seed"] is None else int(found["seed"])

    def matches(one: StoredRecord) -> bool:
        cell = one.record.cell
        return cell.method == method and variant in (None, cell.variant) and seed in (None, cell.seed)

    return matches


@dataclass(frozen=True)
class RowPair:
    """Two rows of one section, with the same queries."""

    section: str
    headline: str
    rows: tuple[Row, Row]
    values: tuple[RowValues, RowValues]

    def key_of(self, metric: str) -> str:
        """The key of a metric over the whole benchmark (empty: the headline); `ConfigError` if it has no such mean."""
        keys = [key for key in self.values[0].values if key in self.values[1].values]
        names = {key.removeprefix("mean/"): key for key in keys if "/" not in key.removeprefix("mean/")}
        name = metric.removeprefix("mean/") or self.headline
        if name not in names:
            raise ConfigError(f"There is no mean over queries called {metric!r} here; {did_you_mean(name, names)}")
        return names[name]


def find_pair(
    records: Sequence[StoredRecord],
    first: str,
    second: str,
    *,
    benchmark: str = "",
    encoder: str = "",
    installed: Collection[str] = (),
) -> RowPair:
    """The two rows that are named, on ``css``, ``fashioniq/original`` or ``fashioniq/original@1`` (empty: on any).

    `ConfigError` unless both are found (naming the command that would run a missing one whose method is
    ``installed``), were measured under the same conditions, and their queries are known.
    """
    finished = [one for one in records if one.record.status == "done" and not one.record.hidden]
    kept = [
        one
        for one in finished
        if not _refusal(one) and _fits(one.record, benchmark) and encoder in ("", one.record.cell.encoder)
    ]
    names = (first, second)
    selectors = [row_selector(text) for text in names]
    for text, selector in zip(names, selectors, strict=True):
        if not any(map(selector, kept)):
            meant = [one for one in finished if selector(one) and _fits(one.record, benchmark)]
            if reasons := [reason for one in meant if (reason := _refusal(one))]:
                raise ConfigError(f"{text!r} cannot be compared, {reasons[0]}.")
            asked = f" on {benchmark}" * bool(benchmark) + f" with {encoder}" * bool(encoder)
            cells = [one.record.cell for one in kept]
            hint = _instead(text, cells, benchmark, encoder, installed)
            raise ConfigError(f"No finished cell{asked} is called {text!r}; {hint}")
    by_title = _by_title(kept, selectors)
    shared = {title: rows for title, rows in by_title.items() if all(rows)}
    if not shared:
        places = [", ".join(title for title, rows in by_title.items() if rows[place]) for place in (0, 1)]
        where = "; ".join(f"{text}: {place}" for text, place in zip(names, places, strict=True))
        raise ConfigError(
            f"The two were never measured under the same conditions ({where}), so they cannot be compared."
        )
    if len(shared) > 1:
        raise ConfigError(f"Both were measured under {', '.join(shared)}; choose one with -b, -e or --records.")
    ((title, rows),) = shared.items()
    (row_a, values_a), (row_b, values_b) = map(_one, names, rows)
    if not values_a.cells[0].same_queries(values_b.cells[0]):
        raise ConfigError(f"{first} and {second} were evaluated on different queries, so they cannot be paired.")
    return RowPair(title, values_a.cells[0].headline.name, (row_a, row_b), (values_a, values_b))


def _instead(text: str, cells: Sequence[CellKey], benchmark: str, encoder: str, installed: Collection[str]) -> str:
    """Which rows there are in the place of a missing one, and the command that would run it."""
    named = None if "/" in text else _NAMED.fullmatch(text)
    method = named["method"] if named else text
    there = sorted({one.method for one in cells})
    if method in there:
        rows = dict.fromkeys(f"{method}[{one.variant}]#{one.seed}" for one in cells if one.method == method)
        return f"there are {examples([row.replace('[]', '') for row in rows], 6)}."
    if named and method in installed and not named["variant"]:
        rest = f"; there are {', '.join(there)}." if there else "."
        return f"to run it: {_command(method, cells, benchmark, encoder)}{rest}"
    return did_you_mean(text, there) if there else "run cells first, or name another --records."


def _command(method: str, cells: Sequence[CellKey], benchmark: str, encoder: str) -> str:
    """What runs a method under the conditions that all the cells share."""

    def only(values: Collection[str]) -> str:
        return next(iter(values)) if len(set(values)) == 1 else ""

    known = benchmark or only([f"{one.benchmark}/{one.protocol}" for one in cells]) or "BENCHMARK"
    if ":" in known:  # the digest behind a path's last name stands for no path
        name, _, labelled = known.partition(":")
        known = f"{name}{labelled[labelled.index('/') :] if '/' in labelled else ''}:PATH"
    reader = encoder or only([one.encoder for one in cells])
    return f"cir-bench run -m {method} -b {known}" + (f" -e {reader}" if reader else "")


def _refusal(one: StoredRecord) -> str:
    """Why a finished cell is compared with none; empty if it may be."""
    if one.record.limit is not None:
        return f"it is a quick look at {one.record.limit.queries} queries; run it without --limit"
    return f"its numbers are only claimed: {one.doubt}" if one.doubt else ""


_Rows = list[tuple[Row, RowValues | None]]


def _by_title(kept: Sequence[StoredRecord], selectors: Sequence[RowSelector]) -> dict[str, list[_Rows]]:
    """The rows of each selector in each section, by the section's name."""
    found: dict[str, list[_Rows]] = {}
    for key, members in by_section(newest(kept)).items():
        name = f"{key.benchmark}/{key.protocol} · {key.track} track" + (f" · {key.encoder}" if key.encoder else "")
        title = name if name not in found else f"{name} · data {key.data[:8]}"
        found[title] = [finished_rows([one for one in members if selector(one)], {}) for selector in selectors]
    return found


def _one(text: str, rows: _Rows) -> tuple[Row, RowValues]:
    unchanged = [pair for pair in rows if not pair[0].variant]
    meant = unchanged if len(unchanged) == 1 else rows
    if len(meant) > 1:
        names = ", ".join(
            f"{row.method}[{row.variant}] with {row.encoder}, seeds {' '.join(map(str, row.seeds))}" for row, _ in meant
        )
        raise ConfigError(f"{text!r} matches several rows: {names}; write METHOD[VARIANT], #SEED or use -e.")
    row, values = meant[0]
    if values is None:
        raise ConfigError(
            f"The queries of {text!r} are not known (there is no queries.json.gz next to its records, or "
            "its headline is not a mean over queries), so it cannot be compared; run its cells again."
        )
    return row, values


def _fits(record: RunRecord, benchmark: str) -> bool:
    name, _, protocol = benchmark.partition("/")
    cell = record.cell
    return (not name or cell.benchmark == name) and protocol in ("", cell.protocol, cell.protocol.partition("@")[0])
