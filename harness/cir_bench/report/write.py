"""The report as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cir_bench.report.material import Block
from cir_bench.report.page import render
from cir_bench.report.view import Link, view_of


def report_page(
    blocks: Sequence[Block], damaged: Sequence[str] = (), examples: Mapping[int, Sequence[Link]] | None = None
) -> str:
    """The report of all sections as HTML.

    Args:
        blocks: the sections.
        damaged: a sentence for each record that was left out.
        examples: by a block's number, the pages with queries to look at.
    """
    views = [view_of(block, (examples or {}).get(block.number, ())) for block in blocks]
    sections = [block.section for block in blocks]
    filters = {
        "benchmark": sorted({section.benchmark for section in sections}),
        "protocol": sorted({section.protocol for section in sections}),
        "track": sorted({section.track for section in sections}),
        "encoder": sorted({encoder for view in views for encoder in view.encoders}),
    }
    methods = len({line.row.method for block in blocks for line in block.lines})
    cells = sum(len(line.row.seeds) for block in blocks for line in block.lines)
    counts = f"{_number(methods, 'method')}, {_number(cells, 'cell')}, {_number(len(blocks), 'table')}"
    return render("report.html", views=views, filters=filters, counts=counts, damaged=damaged)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
