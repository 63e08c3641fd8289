"""The queries of one section, with the ranks and best images of its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cir_bench.errors import ConfigError, DataError
from cir_bench.evaluation.expected import first_rank
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.eval_set import EvalQuery, Truth
from cir_bench.records.kept import kept_ranking
from cir_bench.records.load import StoredRecord
from cir_bench.records.rankings import ranking_path
from cir_bench.report.sections import ReportRow, ReportSection
from cir_bench.runs.cell import Cell
from cir_bench.runs.recorded import cell_of, check_data
from cir_bench.runs.workbench import Workbench

MOST_METHODS = 16
"""On one page."""


@dataclass(frozen=True, eq=False)
class RankedMethod:
    """A row and how it ranked every query with one seed, the lowest that kept its rankings."""

    shown: ReportRow
    stored: StoredRecord
    ranks: Mapping[str, float]
    """Expected rank of the best target, by query id."""
    top: Mapping[str, tuple[str, ...]]
    """Best candidates by query id."""


@dataclass(frozen=True, eq=False)
class SectionQueries:
    """The queries of a section that every method ranked, and their truth, by id; methods are best first."""

    block: ReportSection
    cell: Cell
    """One of the section's, for data set and protocol."""
    methods: Sequence[RankedMethod]
    queries: Mapping[str, EvalQuery]
    truth: Mapping[str, Truth]
    absent: Sequence[str]
    """A sentence for each reason why methods are missing."""

    def by_part(self, ids: Sequence[str] | None = None) -> dict[str, list[EvalQuery]]:
        """Queries by part: all, or those with these ids, each once."""
        found: dict[str, list[EvalQuery]] = {query.part: [] for query in self.queries.values()}
        for name in dict.fromkeys(self.queries if ids is None else ids):
            found[self.queries[name].part].append(self.queries[name])
        return found


def section_queries(
    block: ReportSection, registry: Registry, bench: Workbench, wanted: Sequence[str]
) -> SectionQueries:
    """The queries of a section and how its methods ranked them: those ``wanted``, then the best ones.

    `ConfigError` if a part of the cells is not installed here, or no rankings were kept; `DataError` if the data are
    missing, or are not those of the records.
    """
    methods, absent = _ranked_methods(block, wanted)
    if not methods:
        raise ConfigError("no rankings with their best images were kept next to the records")
    sample = methods[0].stored.record
    cell = cell_of(sample, registry)
    check_data(cell, sample, bench)
    parts = eval_set(bench.datasets.of(cell), cell.protocol).parts.values()
    ranked = set(methods[0].ranks).intersection(*(one.ranks for one in methods))
    queries = {query.id: query for part in parts for query in part.queries if query.id in ranked}
    if not queries:
        raise DataError("the rankings are not of the data set's queries")
    truth = {name: truth for part in parts for name, truth in part.truth.items()}
    return SectionQueries(block, cell, methods, queries, truth, absent)


def _ranked_methods(block: ReportSection, wanted: Sequence[str]) -> tuple[list[RankedMethod], list[str]]:
    """The wanted rows, then the best row of each other method, in the leaderboard's order; and why some are missing."""
    asked = [one for one in block.methods if {one.row.method, one.name} & set(wanted)]
    best = {one.row.method: one for one in reversed(block.methods)}
    others = [one for one in block.methods if one not in asked and best[one.row.method] is one]
    chosen, beyond = [*asked, *others][:MOST_METHODS], [*asked, *others][MOST_METHODS:]
    tried = {one: _ranked(one, block) for one in block.methods if one in chosen}
    lost = ", ".join(one.name for one, ranked in tried.items() if ranked is None)
    absent = [f"Rankings of {lost} were not kept."] if lost else []
    if beyond:
        absent.append(f"Only {MOST_METHODS} methods are shown; not {', '.join(one.name for one in beyond)}.")
    return [ranked for ranked in tried.values() if ranked is not None], absent


def _ranked(shown: ReportRow, block: ReportSection) -> RankedMethod | None:
    for stored in shown.row.cells:
        parts = list(block.section.n_queries)
        if all(ranking_path(stored.folder, part).is_file() for part in parts):
            ranks: dict[str, float] = {}
            top: dict[str, tuple[str, ...]] = {}
            for part in parts:
                ranking = kept_ranking(stored.record, stored.folder, part)
                ranks |= dict(zip(ranking.queries.ids, first_rank(ranking).tolist(), strict=True))
                top |= dict(zip(ranking.queries.ids, ranking.top_ids, strict=True))
            return RankedMethod(shown, stored, ranks, top)
    return None
