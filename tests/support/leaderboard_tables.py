"""The tables of a leaderboard in Markdown, taken apart."""

from cir_bench.leaderboards.markdown import MORE, REPORTED, split_row

__all__ = ["MORE", "REPORTED", "tables"]


def tables(text: str) -> dict[str, list[dict[str, str]]]:
    """The rows of every table, by the heading of its own that it has: ``""`` is the main one."""
    found: dict[str, list[list[str]]] = {}
    title = ""
    for line in text.splitlines():
        if line.startswith("## "):
            title = ""
        elif line.startswith("### "):
            title = line[4:]
        elif line.startswith("|"):
            found.setdefault(title, []).append(split_row(line))
    return {name: [dict(zip(rows[0], row, strict=True)) for row in rows[2:]] for name, rows in found.items()}
