"""One section as the report shows it: table, facts, charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cir_bench.leaderboard.heading import numbered
from cir_bench.report.cost import cost_figure
from cir_bench.report.figures import Figure, Gallery
from cir_bench.report.learning import training_gallery
from cir_bench.report.material import Block, cautions
from cir_bench.report.recall import recall_figure
from cir_bench.report.sweeps import sweep_gallery
from cir_bench.report.tables import ELSEWHERE, Table, table_of
from cir_bench.report.tags import Breakdown, breakdown

HASH_DIGITS = 12


@dataclass(frozen=True)
class Link:
    """A page with queries to look at, or (without ``href``) why there is none."""

    title: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class View:
    """A section, ready for its template.

    Attributes:
        block: the section.
        encoders: names, for the filter.
        cautions: words and sentences that every number of it carries.
        facts: what stands above the table.
        table: the table.
        remarks: whether any row has a remark.
        spread: whether any row has several seeds, so that numbers have a ± behind them.
        widest: letters of the longest superscript.
        reading: how the table is read.
        sources: where reported numbers come from.
        figures: the charts.
        breakdown: by tag.
        galleries: loss terms, sweeps.
        examples: pages with queries to look at.
    """

    block: Block
    encoders: Sequence[str]
    cautions: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    table: Table
    remarks: bool
    spread: bool
    widest: int
    reading: str
    sources: Sequence[str]
    figures: Sequence[Figure]
    breakdown: Breakdown | None
    galleries: Sequence[Gallery]
    examples: Sequence[Link]


def view_of(block: Block, examples: Sequence[Link] = ()) -> View:
    """Everything that the report shows of a section."""
    figures = [cost_figure(block), recall_figure(block)]
    galleries = [sweep_gallery(block), training_gallery(block)]
    table = table_of(block)
    spread = any(len(row.line.row.seeds) > 1 for row in table.rows)
    return View(
        block=block,
        encoders=sorted({line.row.encoder for line in block.lines}),
        cautions=cautions(block.section),
        facts=list(_facts(block)),
        table=table,
        remarks=any(row.line.row.remarks for row in table.rows),
        spread=spread,
        widest=max((len(cell.beats) for row in table.rows for cell in row.cells), default=0),
        reading=_reading(table, spread) + _elsewhere(table) + (_COSTS if len(block.section.places) > 1 else ""),
        sources=sorted(set(_sources(block))),
        figures=[figure for figure in figures if figure is not None],
        breakdown=breakdown(block),
        galleries=[gallery for gallery in galleries if gallery is not None],
        examples=examples,
    )


def _facts(block: Block) -> Iterator[tuple[str, str]]:
    section = block.section
    many = len(section.n_queries) > 1
    if section.n_queries:
        yield "Queries", _by_part(section.n_queries, many)
        yield "Gallery, images", _by_part(section.n_gallery, many)
    if section.reference:
        yield "Reference image", section.reference
    if section.gallery:
        yield "Gallery is", section.gallery
    if section.query_text:
        yield "Query text", section.query_text
    if section.n_train:
        yield "Trained on", f"{section.n_train:,} triplets"
    yield "Seeds", ", ".join(map(str, section.seeds))
    if section.protocol_hash:
        yield "Protocol hash", section.protocol_hash[:HASH_DIGITS]
    for use in section.encoders:
        weights = f", weights {use.weights[:HASH_DIGITS]}" if use.weights and not use.trained else ""
        yield f"Encoder {use.name}", f"{'trained with the method' if use.trained else 'frozen'}{weights} ({use.plugin})"
    if section.places:
        yield "Measured on", numbered(section.places)


def _by_part(numbers: dict[str, int], many: bool) -> str:
    whole = f"{sum(numbers.values()):,}"
    return f"{whole} ({', '.join(f'{part} {number:,}' for part, number in sorted(numbers.items()))})" if many else whole


_COSTS = (
    " Times and memory compare only between rows with the same number in the column “on”; sorted by one of them, rows "
    "stay together by that number."
)


def _elsewhere(table: Table) -> str:
    """What the star behind a reported number means, where there is one."""
    starred = any(cell.text.endswith(ELSEWHERE) for row in table.rows for cell in row.cells)
    return f" {ELSEWHERE} reported on another encoder than here, or on whole data: no comparison." if starred else ""


def _reading(table: Table, several: bool) -> str:
    spread = "± is the standard deviation over seeds. " if several else ""
    models = "" if several else " One seed each: trained models are compared, not methods."
    if table.compared:
        return (
            f"{spread}The drawn line is the 95 % interval of the headline (over queries and seeds), on a rule from 0. "
            "Rows with the same place do not differ; small letters behind a headline name the rows that it beats "
            f"(p < 0.05, corrected).{models}"
        )
    return (
        f"{spread}The drawn line is one standard deviation either side. Places are the plain order of the means: the "
        "ranks of single queries were not kept, so nothing is said of whether two rows differ."
    )


def _sources(block: Block) -> Iterator[str]:
    for line in block.lines:
        for one in line.row.reported:
            other = "" if one.on(line.row.encoder) else "; another encoder than here"
            note = f"; {one.note}" if one.note else ""
            yield f"{one.paper}, Table {one.table}: {one.named}, on {one.encoder}{note}{other}."
