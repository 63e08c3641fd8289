"""``cir-bench report``: records in, pages to look at out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import Settings, open_registry, with_settings
from cir_bench.errors import ConfigError

if TYPE_CHECKING:
    from cir_bench.report import ReportSection
    from cir_bench.report.examples.sampling import PageOptions
    from cir_bench.report.page import Link

RUNS = Path("runs")
FOLDER = RUNS / "report"
FILE = "index.html"
DAMAGED = 1
"""Exit code when a damaged record had to be left out."""
MOST = 40


@with_settings
def report(
    settings: Settings,
    records: Annotated[
        list[Path] | None,
        typer.Option("--records", metavar="DIR", help="Where the records lie, at any depth; may be given again."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR|FILE.html",
            help=f"A folder for the report and pages of queries, or a file for the report alone. Default: {FOLDER}.",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, max=MOST, help="Queries on each page with images; 0: no such pages.")
    ] = 8,
    between: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="Show the queries on which these two methods disagree. Default: the best two."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Draws the sample of queries.")] = 0,
    explain: Annotated[
        bool, typer.Option("--explain/--no-explain", help="Let methods that can show how they came to their answers.")
    ] = True,
    public: Annotated[
        bool, typer.Option("--public", help="For publishing: leave out images whose licence does not allow it.")
    ] = False,
) -> None:
    """Write the report of finished and failed cells: tables to sort and filter, charts, and pages of queries.

    Every page is one file that opens from disk and asks nothing of a network. Pages of queries show images of the data
    set (--data-root) and need the rankings that a run keeps beside its records.

    Exit codes: 0; 1 when a damaged record had to be left out; 2 for a mistake, such as a folder without records.
    """
    from cir_bench.leaderboard import write_text
    from cir_bench.records.load import load_records
    from cir_bench.report import report_page, report_sections

    where = out or FOLDER
    single = where.suffix.lower() in {".html", ".htm"}
    names = tuple(name.strip() for name in between.split(",") if name.strip())
    if between and len(set(names)) != 2:
        raise ConfigError(f"--between {between}: name two methods with a comma, such as tirg,combiner.")
    folders = records or [RUNS]
    found, damaged = load_records(folders)
    if not found and not damaged:
        named = ", ".join(map(str, folders))
        raise ConfigError(f"There are no run records below {named}; run `cir-bench run --all` first, or name another.")
    for sentence in damaged:
        print(f"cir-bench: {sentence}", file=sys.stderr)
    shown = report_sections(found)
    _check_names(names, shown)
    links: dict[int, list[Link]] = {}
    if examples and not single:
        from cir_bench.report.examples.pages import check_folder
        from cir_bench.report.examples.sampling import PageOptions

        if public:
            check_folder(where)
        asked = PageOptions(examples, seed, names, explain, public)
        links = _examples(settings, shown, where, asked)
    print(write_text(report_page(shown, damaged, links), where if single else where / FILE))
    if damaged:
        raise typer.Exit(DAMAGED)


def _check_names(names: tuple[str, ...], shown: tuple[ReportSection, ...]) -> None:
    known = {name for block in shown for one in block.methods for name in (one.row.method, one.name)}
    for name in names:
        if name not in known:
            from cir_bench.errors import did_you_mean

            raise ConfigError(f"--between: there is no finished cell of {name!r}; {did_you_mean(name, known)}")


def _examples(
    settings: Settings, shown: tuple[ReportSection, ...], folder: Path, asked: PageOptions
) -> dict[int, list[Link]]:
    """Write the pages of queries of every section; links to them by the section's number."""
    from cir_bench.report.examples.pages import example_pages
    from cir_bench.runs.device import choose_device
    from cir_bench.runs.workbench import Workbench

    registry = open_registry(settings)
    context = settings.context()
    links = {}
    for block in shown:
        bench = Workbench(context.data_root, context.cache_dir, choose_device("auto"), allow_partial=True)
        links[block.number] = example_pages(block, registry, bench, folder, asked) if block.methods else []
        for link in links[block.number]:
            print(folder / link.href if link.href else f"{block.section.title}: {link.title}: {link.note}")
    return links
