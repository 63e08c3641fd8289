"""``cir-bench report``: records in, pages to look at out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.cli.output import PROBLEM
from cir_bench.cli.records import Records, beside, read_records
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.verbs.settings import STDOUT, Settings

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.report import ReportSection
    from cir_bench.report.examples.sampling import PageOptions
    from cir_bench.report.page import Link

FOLDER = "report"
FILE = "index.html"
MOST = 40


@with_settings
def report(
    settings: Settings,
    records: Records = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE.html",
            help="A folder for the report and its example pages, or a file for the report alone (- prints it). "
            f"Default: {FOLDER} in --records.",
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, max=MOST, help="Queries on each page of examples; 0: no such pages.")
    ] = 8,
    between: Annotated[
        str,
        typer.Option(metavar="A,B", help="Show queries on which these two methods disagree. Default: the best two."),
    ] = "",
    seed: Annotated[int, typer.Option(help="Draws the sample of queries.")] = 0,
    explain: Annotated[
        bool, typer.Option("--explain/--no-explain", help="Let methods explain their answers, if they can.")
    ] = True,
    public: Annotated[
        bool, typer.Option("--public", help="For publishing: leave out images whose licence does not allow it.")
    ] = False,
) -> None:
    """Write the report of finished and failed cells: tables to sort and filter, charts, and pages of example queries.

    Every page is one file that opens from disk and loads nothing from a network. Pages of examples show images of the
    data set (--data-root) and need the rankings that a run keeps next to its records.

    Exit codes: 0; 1 if a damaged record had to be left out; 2 for a mistake, such as a folder without records.
    """
    where = out or beside(records, FOLDER)
    single = where == STDOUT or where.suffix.lower() in {".html", ".htm"}
    names = tuple(name.strip() for name in between.split(",") if name.strip())
    if between and len(set(names)) != 2:
        raise ConfigError(f"--between {between}: name two methods with a comma, such as tirg,combiner.")
    registry = open_registry(settings, quiet=not examples or single)
    stored, problems = read_records(records, registry)
    from cir_bench.leaderboards import write_text
    from cir_bench.report import report_page, report_sections

    sections = report_sections(stored)
    finished = {name for block in sections for one in block.methods for name in (one.row.method, one.name)}
    for name in names:
        if name not in finished:
            raise ConfigError(f"--between: there is no finished cell of {name!r}; {did_you_mean(name, finished)}")
    links: dict[int, list[Link]] = {}
    if examples and not single:
        from cir_bench.report.examples.sampling import PageOptions

        links = _examples(settings, registry, sections, where, PageOptions(examples, seed, names, explain, public))
    page = report_page(sections, problems, links)
    if where == STDOUT:
        print(page, end="")
    else:
        print(write_text(page, where if single else where / FILE))
    if problems:
        raise typer.Exit(PROBLEM)


def _examples(
    settings: Settings, registry: Registry, sections: Sequence[ReportSection], folder: Path, options: PageOptions
) -> dict[int, list[Link]]:
    """Write the pages of examples of every section; links to them by the section's number."""
    from cir_bench.report.examples.pages import check_folder, example_pages
    from cir_bench.runs.device import choose_device
    from cir_bench.runs.workbench import Workbench

    if options.public:
        check_folder(folder)
    context = settings.context()
    links = {}
    for block in sections:
        bench = Workbench(
            context.data_root,
            context.cache_dir,
            choose_device("auto"),
            allow_partial=True,
            follow_links=context.follow_links,
        )
        links[block.number] = example_pages(block, registry, bench, folder, options) if block.methods else []
        for link in links[block.number]:
            print(folder / link.href if link.href else f"{block.section.title}: {link.title}: {link.note}")
    return links
