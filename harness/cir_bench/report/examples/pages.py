"""The pages of one section: a sample of queries, those that two methods disagree on, the worst failures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.inference.explain import ShownExplanation
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.leaderboards import write_text
from cir_bench.leaderboards.facts import cautions
from cir_bench.plugin.registry import Registry
from cir_bench.report.examples.explanations import explanations
from cir_bench.report.examples.images import LADDER, PageImages, fitting
from cir_bench.report.examples.queries import RankedMethod, SectionQueries, section_queries
from cir_bench.report.examples.sampling import PageOptions, QuerySelection, selections
from cir_bench.report.page import Link
from cir_bench.report.rendering import fragment, render
from cir_bench.report.sections import ReportSection
from cir_bench.runs.recorded import cell_of
from cir_bench.runs.workbench import Workbench

LIMIT = 4_800_000
"""Bytes of one page: below 5 MB."""
PRIVATE = "Not for publication."
"""On every page with images that may not be published."""
HOME = "index.html"
"""The report that the pages belong to, in the same folder."""

Explained = Mapping[RankedMethod, Mapping[str, Sequence[ShownExplanation]]]
"""Explanations by method and query id."""


def example_pages(
    block: ReportSection, registry: Registry, bench: Workbench, folder: Path, options: PageOptions
) -> list[Link]:
    """Write the pages of one section into ``folder``; links to them, or one that says why there are none."""
    try:
        cells = [cell for one in block.methods for cell in one.row.cells]
        if options.public and cells:
            spec = cell_of(cells[0].record, registry).dataset.spec
            if not spec.publishable:
                reason = (
                    f"Nothing is known that permits publishing images of {block.section.benchmark} (licence: "
                    f"{spec.licence}). cir-bench report shows them to anyone who has the data."
                )
                return [Link("Pages with example images are left out here", reason)]
        section = section_queries(block, registry, bench, options.between)
        chosen = list(selections(section, options))
        explained, silent = _explained(section, chosen, registry, bench) if options.explain else ({}, [])
        writer = PageWriter(section, bench, explained, silent, folder)
        return [writer.write(selection) for selection in chosen]
    except CirBenchError as error:
        return [Link("No pages with example images", _as_sentence(error))]


def check_folder(folder: Path) -> None:
    """`ConfigError` if a folder that is to be published has pages of an earlier report that must not be."""
    kept = [path.name for path in sorted(folder.glob("*.html")) if PRIVATE in path.read_text("utf-8", "replace")]
    if kept:
        raise ConfigError(
            f"--public: {folder} contains pages of an earlier report with images that may not be published "
            f"({', '.join(kept[:3])}); remove them, or name another folder with --out."
        )


def _explained(
    section: SectionQueries, chosen: Sequence[QuerySelection], registry: Registry, bench: Workbench
) -> tuple[Explained, list[str]]:
    """What the methods show of the selected queries, and a sentence for each method that could not be asked."""
    asked = section.by_part([query for selection in chosen for _, ids in selection.groups for query in ids])
    found = {}
    silent = []
    for method in section.methods:
        try:
            found[method] = explanations(method.stored, bench, registry, asked)
        except CirBenchError as error:
            silent.append(f"{method.shown.name} explains nothing here: {_as_sentence(error)}")
    return found, silent


@dataclass(frozen=True)
class PageWriter:
    """Writes the pages of one section; ``silent`` is a sentence for each method that explains nothing."""

    section: SectionQueries
    bench: Workbench
    explained: Explained
    silent: Sequence[str]
    folder: Path

    def write(self, selection: QuerySelection) -> Link:
        """Write one page; with fewer queries if it would be too large."""
        block = self.section.block
        while True:
            text = self._render(selection)
            count = sum(len(chosen) for _, chosen in selection.groups)
            if text is not None:
                name = f"{block.section.benchmark}-{block.section.protocol}".lower()
                words = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:60]
                path = write_text(text, self.folder / f"{block.number}-{words}-{selection.name}.html")
                return Link(selection.title, f"{count} queries", path.name)
            if count == 1:
                alone = f"one query of {block.section.benchmark} alone"
                raise ConfigError(f"{alone} makes a page of more than {LIMIT:,} bytes")
            fewer = [(heading, chosen[: max(1, len(chosen) // 2)]) for heading, chosen in selection.groups if chosen]
            selection = replace(selection, groups=fewer if count > len(fewer) else fewer[:1])

    def _render(self, selection: QuerySelection) -> str | None:
        """A page with the finest images that fit; None if none do."""
        section = self.section
        images = PageImages(self.bench.datasets.of(section.cell).open, self._captions())
        shown = {"groups": selection.groups, "images": images, "explained": self.explained}
        queries = fragment("queries.html", section=section, rank=_rank, **shown)
        missing = [f"{images.missing:,} images are missing."] if images.missing else []
        spec = section.cell.dataset.spec

        def page(side: int, quality: int) -> str:
            return render(
                "examples.html",
                block=section.block,
                selection=selection,
                queries=queries,
                cautions=cautions(section.block.section),
                pictures=images.style(side, quality),
                notes=[*section.absent, *self.silent, *missing],
                seeds=sorted({one.stored.record.cell.seed for one in section.methods}),
                home=HOME,
                private="" if spec.publishable else PRIVATE,
                licence=spec.licence,
            )

        return fitting(LADDER, page, LIMIT)

    def _captions(self) -> Callable[[str], str] | None:
        """The words that an encoder without pixels sees in place of an image; None for other encoders."""
        cell = self.section.cell
        if not cell.encoder.spec.pixel_free:
            return None
        dataset, encoder = self.bench.datasets.of(cell), self.bench.encoders.frozen(cell)

        def caption(image: str) -> str:
            try:
                item = encoder.image_item(ImageRef(cell.dataset.name, dataset, image))
            except CirBenchError:
                return "missing"
            return item if isinstance(item, str) else image

        return caption


def _rank(rank: float) -> str:
    if not math.isfinite(rank):
        return "not found"
    return f"{rank:,.0f}" if rank == int(rank) else f"{rank:,.1f}"


def _as_sentence(error: CirBenchError) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith((".", "?")) else f"{text}."
