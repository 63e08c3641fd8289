"""The page reference/reported.md: the numbers that papers and repositories report."""

from __future__ import annotations

from typing import Any

REPORTED = """\
# Reported numbers

What papers and repositories report, in percent, with the protocol, the encoder and the source of each number. A
leaderboard shows those of a row's method and protocol next to what was measured, never ranked. Numbers under two
protocols are not comparable. The last table has the numbers that are not comparable with anything here, and why.
"""


def reported_page() -> str:
    """A table for every protocol, without the numbers of single categories, and one of what is not comparable."""
    from cir_bench.leaderboards.reported import not_comparable_numbers, reported_numbers

    numbers = [one for one in reported_numbers() if one.metric.rpartition("/")[0] in {"", "mean"}]
    parts = [REPORTED]
    for protocol in sorted({f"{one.benchmark}/{one.protocol}" for one in numbers}):
        own = [one for one in numbers if f"{one.benchmark}/{one.protocol}" == protocol]
        parts += [f"## {protocol}\n", _numbers("note", [(one, one.note) for one in own])]
    others = [(one, one.not_comparable) for one in not_comparable_numbers()]
    return "\n".join([*parts, "## Not comparable\n", _numbers("why", others)])


def _numbers(last: str, lines: list[tuple[Any, str]]) -> str:
    rows = [f"| method | benchmark | metric | value | encoder | source | {last} |", "|---|---|---|---:|---|---|---|"]
    for one, text in lines:
        source = f"[{one.cited}]({one.url})"
        cells = (one.named, one.benchmark, one.metric, f"{one.value:.2f}", one.encoder, source, text)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"
