"""The queries of one section with the ranks and top lists of its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cir_bench.errors import ConfigError, DataError
from cir_bench.evaluation.expected import first_rank
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.eval_set import EvalQuery, Truth
from cir_bench.records.load import StoredRecord
from cir_bench.report.examples.cells import cell_of, check_data
from cir_bench.report.material import Block, Line, ranking_of
from cir_bench.runs.cell import Cell
from cir_bench.runs.workbench import Workbench

MOST_LINES = 16
"""Methods on a page."""


@dataclass(frozen=True, eq=False)
class Contestant:
    """A line and how it ranked every query, with one seed.

    Attributes:
        line: the line.
        cell: the cell whose rankings are shown: the lowest seed that kept them.
        ranks: expected rank of the best target by query id.
        top: best candidates by query id.
    """

    line: Line
    cell: StoredRecord
    ranks: Mapping[str, float]
    top: Mapping[str, tuple[str, ...]]

    @property
    def seed(self) -> int:
        """The seed that is shown."""
        return self.cell.record.cell.seed


@dataclass(frozen=True, eq=False)
class Scene:
    """What pages of one section are made of.

    Attributes:
        block: the section.
        cell: one of its cells, for data set and protocol.
        contestants: best first.
        queries: by id, those that every contestant ranked.
        truth: by query id.
        absent: a sentence for the methods that are not among them.
    """

    block: Block
    cell: Cell
    contestants: Sequence[Contestant]
    queries: Mapping[str, EvalQuery]
    truth: Mapping[str, Truth]
    absent: Sequence[str] = ()

    @cached_property
    def by_part(self) -> dict[str, list[str]]:
        """Query ids by part."""
        found: dict[str, list[str]] = {}
        for query in self.queries.values():
            found.setdefault(query.part, []).append(query.id)
        return found


def scene_of(block: Block, registry: Registry, bench: Workbench, wanted: Sequence[str]) -> Scene:
    """The queries of a section and how its methods ranked them.

    Args:
        block: the section.
        registry: what is installed.
        bench: opens the data.
        wanted: methods that must be among those shown; the others are the best ones.

    Raises:
        ConfigError: a part of the cells is not installed here, or no rankings were kept.
        DataError: the data are not here, or not those of the records.
    """
    contestants, absent = _contestants(block, wanted)
    if not contestants:
        raise ConfigError("no rankings with their best images were kept beside the records")
    sample = contestants[0].cell.record
    cell = cell_of(sample, registry)
    check_data(cell, sample, bench)
    evaluation = eval_set(bench.dataset(cell), cell.protocol)
    ranked = set(contestants[0].ranks).intersection(*(one.ranks for one in contestants))
    queries = {q.id: q for part in evaluation.parts.values() for q in part.queries if q.id in ranked}
    if not queries:
        raise DataError("the rankings are not of the data set's queries")
    truth = {name: known for part in evaluation.parts.values() for name, known in part.truth.items()}
    return Scene(block, cell, contestants, queries, truth, absent)


def _contestants(block: Block, wanted: Sequence[str]) -> tuple[list[Contestant], list[str]]:
    """The wanted lines, then the best line of each other method, in the leaderboard's order; and who is not there."""
    asked = [line for line in block.methods if {line.row.method, line.name} & set(wanted)]
    best = {line.row.method: line for line in reversed(block.methods)}
    others = [line for line in block.methods if line not in asked and best[line.row.method] is line]
    chosen, beyond = [*asked, *others][:MOST_LINES], [*asked, *others][MOST_LINES:]
    tried = {line: _contestant(line, block) for line in block.methods if line in chosen}
    lost = [line.name for line, one in tried.items() if one is None]
    absent = [f"Rankings were not kept of {', '.join(lost)}."] if lost else []
    absent += [f"Only {MOST_LINES} methods are shown; not {', '.join(line.name for line in beyond)}."] if beyond else []
    return [one for one in tried.values() if one is not None], absent


def _contestant(line: Line, block: Block) -> Contestant | None:
    for cell in line.cells:
        ranks: dict[str, float] = {}
        top: dict[str, tuple[str, ...]] = {}
        for part in block.section.n_queries:
            ranking = ranking_of(cell, part)
            if ranking is None:
                break
            ranks |= dict(zip(ranking.queries.ids, first_rank(ranking).tolist(), strict=True))
            top |= dict(zip(ranking.queries.ids, ranking.top_ids, strict=True))
        else:
            return Contestant(line, cell, ranks, top)
    return None
