"""Draws docs/leaderboard.svg, the picture in the README, from leaderboard/LEADERBOARD.md: ``make reference``."""

from __future__ import annotations

import html
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parent / "leaderboard" / "LEADERBOARD.md"
PICTURE = HERE / "leaderboard.svg"

NOTE = "lines: 95 % interval; methods that share a place (1=) do not differ significantly from the best of them"

WIDTH, TOP, LEFT, RIGHT, STEP = 760, 62, 132, 128, 25
"""Pixels: the picture, the space above the rows, beside the bars, and from one row to the next."""

STYLE = """
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .note { fill: #59636e; }
  .group { font-style: italic; }
  .number { font-variant-numeric: tabular-nums; }
  .back { fill: #ffffff; }
  .bar { fill: #4c78a8; }
  .unranked .bar { fill: #9aa4af; }
  .interval { stroke: #1f2328; stroke-width: 1.5; }
  .grid { stroke: #d1d9e0; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .back { fill: #0d1117; }
    .bar { fill: #6ea0d6; }
    .unranked .bar { fill: #656c76; }
    .interval { stroke: #f0f6fc; }
    .grid { stroke: #3d444d; }
  }
"""


@dataclass(frozen=True)
class Standing:
    """A method of the table, in percent."""

    place: str
    method: str
    group: str
    """What it is ranked with: its tuning budget, if any."""
    metric: str
    """Mean ± standard deviation, as printed."""
    low: float
    high: float

    @property
    def mean(self) -> float:
        """Where the bar ends."""
        return float(self.metric.split(" ")[0])


def rows(text: str) -> list[Standing]:
    """The rows of the first table, in its order."""
    first = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [line.strip("|").split("|") for line in first[0].splitlines()] if first else []
    found = []
    for line in lines[2:]:
        place, method, headline = (cell.strip() for cell in line[:3])
        metric, _, interval = headline.partition(" [")
        low, high = map(float, interval.strip("]").split(", "))
        budget = re.search(r"tuned=(\d+)x(\d+)", method)
        group = f"tuned, {budget[1]} trials of {budget[2]} epochs" if budget else "not tuned"
        group = group if place[0].isdigit() else "sentinels, at chance"
        found.append(Standing(place, method.split("`")[1], group, metric, low, high))
    return found


def draw(text: str) -> str:
    """The picture: a bar for every method's R@1, its interval, and the place that tied methods share."""
    table = rows(text)
    scale = (WIDTH - LEFT - RIGHT) / (10 * (max(row.high for row in table) // 10 + 1))
    groups = list(dict.fromkeys(row.group for row in table))
    height = TOP + STEP * (len(table) + len(groups)) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t">',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>',
        '<text id="t" class="title" x="16" y="28">Leaderboard of css: R@1 in percent, mean of three seeds</text>',
        f'<text class="note" x="16" y="48">{NOTE}</text>',
    ]
    for tick in range(0, round((WIDTH - LEFT - RIGHT) / scale) + 1, 10):
        x = LEFT + tick * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - 28}"/>')
        parts.append(f'<text class="note" text-anchor="middle" x="{x:.1f}" y="{height - 11}">{tick}</text>')
    for number, row in enumerate(table):
        y = TOP + STEP * (number + 1 + groups.index(row.group))
        if number == 0 or table[number - 1].group != row.group:
            parts.append(f'<text class="note group" x="16" y="{y - STEP / 2 + 5}">{row.group}</text>')
        parts += _row(row, y, scale)
    return "\n".join([*parts, "</svg>", ""])


def _row(row: Standing, y: float, scale: float) -> list[str]:
    middle = y + STEP / 2
    low, mean, high = (LEFT + value * scale for value in (row.low, row.mean, row.high))
    return [
        f'<g class="{"ranked" if row.place[0].isdigit() else "unranked"}">',
        f'<text class="note number" text-anchor="end" x="34" y="{middle + 5}">{row.place}</text>',
        f'<text x="44" y="{middle + 5}">{html.escape(row.method)}</text>',
        f'<rect class="bar" x="{LEFT}" y="{y + 5}" width="{mean - LEFT:.1f}" height="{STEP - 10}"/>',
        f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<text class="number" text-anchor="end" x="{WIDTH - 16}" y="{middle + 5}">{row.metric}</text>',
        "</g>",
    ]


if __name__ == "__main__":
    PICTURE.write_text(draw(SOURCE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    print(PICTURE, file=sys.stderr)
