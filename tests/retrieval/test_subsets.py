from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cir_bench.errors import DataError, RunError
from cir_bench.evaluation.metrics import parse_metric
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.subsets import search_subsets

GALLERY = [f"g{i}" for i in range(8)]


@settings(max_examples=40)
@given(st.data(), st.integers(1, 40))
def test_equals_sorting_each_subset_by_hand(data: st.DataObject, n_queries: int) -> None:
    table = torch.tensor(
        data.draw(
            st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), min_size=n_queries, max_size=n_queries)
        ),
        dtype=torch.float32,
    )
    some = st.lists(st.sampled_from([*GALLERY, "elsewhere"]), max_size=6)
    subsets = [data.draw(some) for _ in range(n_queries)]
    excluded = tuple(tuple(data.draw(some)[:1]) for _ in range(n_queries))
    targets = tuple((data.draw(st.sampled_from(GALLERY)),) for _ in range(n_queries))
    queries = QuerySet(tuple(map(str, range(n_queries))), targets, excluded)
    ranking = search_subsets(lambda q, g: table[q][:, g], queries, GALLERY, subsets)
    for row in range(n_queries):
        score = {image: float(table[row, i]) for i, image in enumerate(GALLERY)}
        members = {image for image in subsets[row] if image in score and image not in excluded[row]}
        assert ranking.top_ids[row] == tuple(sorted(sorted(members), key=score.__getitem__, reverse=True))
        assert ranking.n_candidates[row] == len(members)
        target = targets[row][0]
        mine = [score[image] for image in members] if target in members else []
        assert ranking.better[row] == (sum(s > score[target] for s in mine) if mine else -1)
        assert ranking.tied[row] == (sum(s == score[target] for s in mine) - 1 if mine else 0)


def test_a_constant_scorer_hits_one_cirr_subset_in_five() -> None:
    queries = QuerySet(("1", "2"), (("g1",), ("g7",)), (("g0",), ("g5",)))
    subsets = [GALLERY[:6], GALLERY[2:]]
    ranking = search_subsets(lambda q, g: torch.zeros(2, len(g)), queries, GALLERY, subsets)
    assert parse_metric("R_subset@1").per_query(ranking).tolist() == pytest.approx([20, 20])
    assert ranking.n_gallery == 8


def test_each_query_needs_a_list() -> None:
    with pytest.raises(DataError, match="1 queries came with 0 lists of subset candidates"):
        search_subsets(lambda q, g: torch.zeros(1, 1), QuerySet(("q",), (("g0",),)), GALLERY, [])


def test_a_scorer_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(RunError, match=r"gave .*\(1, 8\)"):
        search_subsets(lambda q, g: torch.zeros(1, 8), QuerySet(("q",), (("g0",),)), GALLERY, [["g0", "g1"]])
