from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer, RowSet
from cir_bench.retrieval.search import search
from cir_bench.retrieval.ties import TOLERANCE, TieGroups


def ranked(
    scores: list[float], *targets: str, tolerance: float = TOLERANCE, dtype: torch.dtype = torch.float64
) -> Ranking:
    """One query over images a, b, c, … with these scores."""
    gallery = [chr(ord("a") + i) for i in range(len(scores))]
    table = torch.tensor([scores], dtype=dtype)
    return search(lambda q, g: table[:, g], QuerySet(("q",), (targets,)), gallery, tolerance=tolerance)


def test_scores_within_the_tolerance_tie() -> None:
    ranking = ranked([0.5, 0.5 + 0.9e-6, 0.5 - 0.9e-6, 0.5 + 1.1e-6, 0.5 - 1.1e-6], "a")
    assert (ranking.better.tolist(), ranking.tied.tolist()) == ([1], [2])


def test_the_tolerance_is_relative_above_one() -> None:
    ranking = ranked([100.0, 100.0 + 0.9e-4, 100.0 + 1.1e-4], "a")
    assert (ranking.better.tolist(), ranking.tied.tolist()) == ([1], [1])


def test_tolerance_nought_ties_equal_scores_alone() -> None:
    ranking = ranked(
        [0.5, 0.5, np.nextafter(np.float32(0.5), np.float32(1)).item()], "a", tolerance=0, dtype=torch.float32
    )
    assert (ranking.better.tolist(), ranking.tied.tolist()) == ([1], [1])


def test_a_candidate_between_two_targets_counts_against_the_lower_one() -> None:
    # b ties with the better target a and would tie with c too; c then has both before it
    ranking = ranked([0.0, -0.8e-6, -1.6e-6], "a", "c")
    assert ranking.better.tolist() == [0, 2]
    assert ranking.tied.tolist() == [1, 0]


def test_targets_that_tie_share_one_group_however_they_are_listed() -> None:
    for targets in (("a", "b"), ("b", "a")):
        groups = ranked([0.5, 0.5 + 0.5e-6, 0.9], *targets).groups
        assert (groups.better.tolist(), groups.size.tolist(), groups.hits.tolist()) == ([1], [2], [2])


@given(
    st.lists(st.lists(st.integers(-30, 30), max_size=6), min_size=1, max_size=4),
    st.sampled_from([0.0, 1e-6]),
    st.sampled_from([np.float32, np.float64]),
)
def test_groups_are_disjoint_intervals_that_hold_their_targets(
    rows: list[list[int]], tolerance: float, dtype: type[np.floating[np.typing.NBitBase]]
) -> None:
    scores = np.array([0.5 + 2e-7 * s for row in rows for s in row], dtype=dtype)
    offsets = np.cumsum([0, *map(len, rows)])
    groups = TieGroups.around(scores, np.zeros(len(scores), dtype=bool), offsets, tolerance)
    assert len(groups.offsets) == len(rows) + 1
    assert (groups.low <= groups.high).all()
    for query in range(len(rows)):
        low, high = (ends[groups.offsets[query] : groups.offsets[query + 1]] for ends in (groups.low, groups.high))
        assert (high[1:] < low[:-1]).all()
        member = groups.member[offsets[query] : offsets[query + 1]]
        assert ((member >= groups.offsets[query]) & (member < groups.offsets[query + 1])).all()
    assert (groups.low[groups.member] <= scores).all()
    assert (scores <= groups.high[groups.member]).all()


@pytest.mark.parametrize("plan", [None, ChunkPlan(3, 17), ChunkPlan(8, 1)])
def test_copies_of_one_image_tie_whatever_chunk_they_fall_in(plan: ChunkPlan | None) -> None:
    generator = torch.Generator().manual_seed(0)
    gallery = torch.nn.functional.normalize(torch.randn(100, 512, generator=generator), dim=1)
    gallery[[3, 20, 50, 99]] = gallery[7].clone()
    queries = torch.nn.functional.normalize(torch.randn(8, 512, generator=generator), dim=1)
    asked = QuerySet(tuple(map(str, range(8))), (("g7",),) * 8)
    ranking = search(DotScorer(queries, gallery), asked, [f"g{i}" for i in range(100)], chunks=plan)
    assert ranking.tied.tolist() == [4] * 8


@pytest.mark.parametrize("plan", [None, ChunkPlan(4, 3)])
def test_a_scorer_that_rounds_differently_each_time_cannot_put_a_target_beside_itself(plan: ChunkPlan | None) -> None:
    generator = torch.Generator().manual_seed(0)

    def shaky(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        columns = torch.arange(10)[gallery_rows]
        rows = torch.arange(4)[query_rows]
        return columns.float().expand(len(rows), -1) + 0.1 * torch.rand(len(rows), len(columns), generator=generator)

    asked = QuerySet(tuple("wxyz"), (("g9",), ("g5",), ("g0",), ("g9", "g8")))
    ranking = search(shaky, asked, [f"g{i}" for i in range(10)], chunks=plan)
    assert ranking.better.tolist() == [0, 4, 9, 0, 1]
    assert ranking.tied.tolist() == [0] * 5


@pytest.mark.parametrize("plan", [None, ChunkPlan(2, 13)])
def test_equal_scores_are_listed_in_the_order_of_their_ids(plan: ChunkPlan | None) -> None:
    names = [f"g{(i * 37) % 100:02}" for i in range(100)]
    table = torch.zeros(3, 100)
    table[1] = torch.arange(100).fmod(2)
    asked = QuerySet(("x", "y", "z"), (("g00",),) * 3, ((), (), ("g01",)))
    ranking = search(lambda q, g: table[q][:, g], asked, names, top_k=5, chunks=plan)
    assert ranking.top_ids[0] == ("g00", "g01", "g02", "g03", "g04")
    assert ranking.top_ids[1] == tuple(sorted(names[i] for i in range(1, 100, 2))[:5])
    assert ranking.top_ids[2] == ("g00", "g02", "g03", "g04", "g05")
