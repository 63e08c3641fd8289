"""The check's numbers as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

GOALS = {
    "loop": "an epoch on cached features next to a bare loop's; goal: a ratio of 1.05",
    "stage2": "FashionIQ's size, 18,000 triplets, features of 640 numbers; goal: 100 epochs of sadn in 60 s",
    "search": "exact ranks of every target next to the matrix product alone",
    "extraction": "images a second from JPEG files next to the forward pass alone; goal: 80 %; differences from row 1",
    "resume": "killed with -9 in training and started again; the same as uninterrupted",
    "agreement": "two epochs on css next to the CPU; tolerance: 5 % of the first losses, 2 points of R@1",
}


def as_table(found: Mapping[str, Any]) -> str:
    """A heading, the machine, and a table for each part."""
    quick = " **Tiny sizes: these times mean nothing.**" if found["quick"] else ""
    lines = [
        f"# cir-bench on {found['device']}",
        "",
        f"torch {found['torch']}, {found['cpus']} CPU cores. `benchmarks/gpu/check.sh`.{quick}",
    ]
    for name, part in found["parts"].items():
        lines += ["", f"## {name}", "", f"{GOALS[name]} ({part.get('seconds', 0):.0f} s)", ""]
        if "failed" in part:
            lines += [f"**Failed: {part['failed']}**", ""]
        if "rows" in part:
            lines.append(_rows(part["rows"]))
    return "\n".join(lines) + "\n"


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    return tabulate(cells, columns, tablefmt="github", disable_numparse=True)


def _cell(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else "" if value is None else str(value)
