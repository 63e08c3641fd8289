"""The report as one page: for every section its table, facts and charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cir_bench.leaderboards import Section
from cir_bench.leaderboards.facts import HASH_DIGITS, PUBLISHED, PUBLISHED_MEANS, TUNED, cautions, decoding, numbered
from cir_bench.leaderboards.table import TUNING
from cir_bench.report.cost import cost_figure
from cir_bench.report.html_table import ELSEWHERE, HtmlTable, html_table
from cir_bench.report.learning import training_figures
from cir_bench.report.recall import recall_figure
from cir_bench.report.rendering import render
from cir_bench.report.sections import ReportSection
from cir_bench.report.sweeps import sweep_figures
from cir_bench.report.tags import breakdown
from cir_bench.report.tuning import tuning_figure

BADGES = {
    "re-scored": "The metrics were computed again from the results of the queries.",
    "reproduced": "An independent record of the same cell agrees.",
    "claimed": "The metrics could not be computed again, so they are not ranked.",
    "": "",
}
"""What the badges of rows mean."""
TUNED_ROWS, UNTUNED_ROWS = "tuned", "not tuned"
_PUBLISHED = {"published": PUBLISHED, "published_means": PUBLISHED_MEANS}


@dataclass(frozen=True)
class Link:
    """A page of example queries, or (without ``href``) why there is none."""

    title: str
    note: str = ""
    href: str = ""


class SectionView:
    """Everything that the report shows of a section, ready for its template."""

    def __init__(self, block: ReportSection, examples: Sequence[Link] = ()) -> None:
        self.block, self.examples = block, examples
        self.encoders = sorted({one.row.encoder for one in block.rows})
        self.cautions = cautions(block.section)
        self.facts = list(_facts(block.section))
        self.table = html_table(block)
        self.reading = " ".join(_reading(block, self.table))
        self.sources = sorted({number.source(one.row.encoder) for one in block.rows for number in one.row.reported})
        figures = cost_figure(block), tuning_figure(block), recall_figure(block)
        self.figures = [figure for figure in figures if figure]
        self.breakdown = breakdown(block)
        self.galleries = {"Sweeps and ablations": sweep_figures(block), "Training": training_figures(block)}


def report_page(
    sections: Sequence[ReportSection], damaged: Sequence[str] = (), examples: Mapping[int, Sequence[Link]] | None = None
) -> str:
    """The report of all sections as HTML.

    ``damaged``: a sentence for each record that was left out; ``examples``: pages of example queries by section number.
    """
    views = [SectionView(block, (examples or {}).get(block.number, ())) for block in sections]
    names = ("benchmark", "protocol", "track")
    filters = {name: sorted({getattr(one.section, name) for one in sections}) for name in names}
    filters["encoder"] = sorted({encoder for view in views for encoder in view.encoders})
    filters["tuning"] = _tunings(sections)
    methods = {one.row.method for block in sections for one in block.rows}
    cells = sum(len(one.row.seeds) for block in sections for one in block.rows)
    counts = [(len(methods), "method"), (cells, "cell"), (len(sections), "table")]
    summary = ", ".join(f"{count:,} {what}" + ("" if count == 1 else "s") for count, what in counts)
    shared = {"views": views, "filters": filters, "counts": summary, "damaged": damaged}
    return render("report.html", **shared, badges=BADGES, **_PUBLISHED)


def _tunings(sections: Sequence[ReportSection]) -> list[str]:
    """What rows can be filtered by: tuned or not, and every budget; nothing if no row is tuned."""
    found = {one.row.tuning for block in sections for one in block.rows}
    budgets = sorted((one for one in found if one is not None), key=lambda one: (one.trials, one.epochs))
    return [TUNED_ROWS, UNTUNED_ROWS, *map(str, budgets)] if budgets else []


def _facts(section: Section) -> Iterator[tuple[str, str]]:
    facts = [
        ("Queries", _by_part(section.n_queries)),
        ("Gallery, images", _by_part(section.n_gallery)),
        ("Reference image", section.reference),
        ("Gallery is", section.gallery),
        ("Query text", section.query_text),
        ("Trained on", f"{section.n_train:,} triplets" if section.n_train else ""),
        ("Seeds", ", ".join(map(str, section.seeds))),
        ("Protocol hash", section.protocol_hash[:HASH_DIGITS]),
    ]
    yield from ((name, fact) for name, fact in facts if fact)
    for use in section.encoders:
        weights = f", weights {use.weights[:HASH_DIGITS]}" if use.weights and not use.trained else ""
        yield f"Encoder {use.name}", f"{'trained with the method' if use.trained else 'frozen'}{weights} ({use.plugin})"
    if decoded := decoding(section):
        yield "JPEG files", decoded
    if section.places:
        yield "Measured on", numbered(section.places)


def _by_part(counts: Mapping[str, int]) -> str:
    parts = ", ".join(f"{part} {count:,}" for part, count in sorted(counts.items()))
    return f"{sum(counts.values()):,}" + (f" ({parts})" if len(counts) > 1 else "") if counts else ""


def _reading(block: ReportSection, table: HtmlTable) -> Iterator[str]:
    if block.several_seeds:
        yield "± is the standard deviation over seeds."
    if table.compared:
        yield "The drawn line is the 95 % interval of the headline (over queries and seeds), on an axis from 0."
        yield "Rows that share a place (1=) do not differ from the best of them; “beats” names the rows that a row is"
        yield "better than (p < 0.05, corrected)."
        if not block.several_seeds:
            yield "One seed each: trained models are compared, not methods."
    else:
        yield "The drawn line is one standard deviation on either side. Places are the plain order of the means: the"
        yield "ranks of single queries were not kept, so it is not known whether two rows differ."
    if any(column.heading == TUNING for column in table.columns):
        yield TUNED
    if any(entry.text.endswith(ELSEWHERE) for row in table.rows for entry in row.entries):
        yield f"{ELSEWHERE} reported on another encoder than here, or on complete data: not comparable."
    if len(block.section.places) > 1:
        yield "Times and memory compare only between rows with the same number in the column “on”; sorted by one of"
        yield "them, rows stay together by that number."
