"""Search against a plain reference: sorted lists and loops, sharing no code with the harness."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.search_cases import Case, assert_same, cases, chunk_plans
from torch import Tensor

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.scorer import DotScorer, RowSet
from cir_bench.retrieval.search import search


@settings(max_examples=150)
@given(case=cases(), chunks=chunk_plans, top_k=st.integers(1, 12))
def test_equals_sorting_and_counting_by_hand(case: Case, chunks: ChunkPlan | None, top_k: int) -> None:
    ranking = search(case.score, case.queries, case.gallery, chunks=chunks, top_k=top_k)
    better, tied = [], []
    for row, query in enumerate(case.queries.ids):
        candidates = {
            image: float(score)
            for image, score in zip(case.gallery, case.table[row], strict=True)
            if image not in case.queries.excluded[row]
        }
        best = sorted(sorted(candidates), key=candidates.__getitem__, reverse=True)[:top_k]
        assert ranking.top_ids[row] == tuple(best), query
        assert ranking.top_scores is not None
        assert ranking.top_scores[row, : len(best)].tolist() == [candidates[image] for image in best]
        assert ranking.n_candidates[row] == len(candidates)
        for target in case.queries.targets[row]:
            mine = candidates.get(target)
            better.append(-1 if mine is None else sum(s > mine for s in candidates.values()))
            tied.append(0 if mine is None else sum(s == mine for s in candidates.values()) - 1)
    assert ranking.better.tolist() == better
    assert ranking.tied.tolist() == tied


@given(case=cases(), plan=chunk_plans, data=st.data())
def test_permuting_the_gallery_changes_nothing(case: Case, plan: ChunkPlan | None, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(case.gallery))))
    shuffled = Case(case.table[:, list(order)], [case.gallery[i] for i in order], case.queries)
    assert_same(
        search(case.score, case.queries, case.gallery),
        search(shuffled.score, shuffled.queries, shuffled.gallery, chunks=plan),
    )


@given(case=cases(), score=st.floats(-10, 10), plan=chunk_plans)
def test_adding_an_image_that_is_excluded_everywhere_changes_nothing(
    case: Case, score: float, plan: ChunkPlan | None
) -> None:
    extra = torch.full((len(case.queries), 1), score)
    more = Case(torch.cat([extra, case.table], dim=1), ["extra", *case.gallery], case.queries)
    queries = QuerySet(
        case.queries.ids, case.queries.targets, tuple((*images, "extra") for images in case.queries.excluded)
    )
    before = search(case.score, case.queries, case.gallery)
    after = search(more.score, queries, more.gallery, chunks=plan)
    assert (after.better.tolist(), after.tied.tolist()) == (before.better.tolist(), before.tied.tolist())
    assert after.top_ids == before.top_ids
    assert after.n_candidates.tolist() == before.n_candidates.tolist()


@given(case=cases(), plan=chunk_plans)
def test_excluded_images_never_appear(case: Case, plan: ChunkPlan | None) -> None:
    ranking = search(case.score, case.queries, case.gallery, chunks=plan)
    for top, excluded in zip(ranking.top_ids, case.queries.excluded, strict=True):
        assert not set(top) & set(excluded)


def test_an_excluded_image_with_the_only_high_score_is_not_the_answer() -> None:
    queries = QuerySet(("q",), (("b",),), (("a",),))
    ranking = search(lambda q, g: torch.tensor([[9.0, 0.0, -9.0]])[:, g], queries, ["a", "b", "c"])
    assert (ranking.better.tolist(), ranking.top_ids) == ([0], (("b", "c"),))


def test_a_gallery_of_one_image() -> None:
    one = QuerySet(("q",), (("a",),))
    assert search(lambda q, g: torch.zeros(1, 1), one, ["a"]).top_ids == (("a",),)
    none_left = search(lambda q, g: torch.zeros(1, 1), QuerySet(("q",), (("a",),), (("a",),)), ["a"])
    assert (none_left.top_ids, none_left.n_candidates.tolist(), none_left.better.tolist()) == (((),), [0], [-1])


def test_queries_of_a_hidden_test_set_get_their_top_images() -> None:
    ranking = search(lambda q, g: torch.tensor([[1.0, 2.0]])[:, g], QuerySet(("q",), ((),)), ["a", "b"])
    assert (ranking.top_ids, len(ranking.better)) == ((("b", "a"),), 0)


def test_no_queries_make_an_empty_ranking() -> None:
    assert len(search(lambda q, g: torch.zeros(0, 2), QuerySet((), ()), ["a", "b"])) == 0


def vectors(n: int, d: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.nn.functional.normalize(torch.randn(n, d, generator=torch.Generator().manual_seed(seed)), dim=1).to(
        dtype
    )


@pytest.mark.parametrize("plan", [ChunkPlan(1, 1000), ChunkPlan(7, 1000), ChunkPlan(64, 33), ChunkPlan(5, 999)])
def test_chunk_sizes_do_not_matter_to_a_matrix_product(plan: ChunkPlan) -> None:
    queries, gallery = vectors(60, 64, 0), vectors(1000, 64, 1)
    names = [f"g{i:04}" for i in range(1000)]
    asked = QuerySet(
        tuple(f"q{i}" for i in range(60)),
        tuple(tuple(names[i * 7 + j] for j in range(i % 4)) for i in range(60)),
        tuple((names[i],) for i in range(60)),
    )
    whole = search(DotScorer(queries, gallery), asked, names)
    cut = search(DotScorer(queries, gallery), asked, names, chunks=plan)
    assert (cut.better.tolist(), cut.tied.tolist()) == (whole.better.tolist(), whole.tied.tolist())
    assert cut.top_ids == whole.top_ids


def test_a_scorer_is_never_written_to() -> None:
    table = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
    before = table.clone()
    queries = QuerySet(("x", "y", "z"), (("a",), ("b",), ("c",)), (("b",), ("c",), ("d",)))
    search(lambda q, g: table[q, g] if isinstance(q, slice) else table[q][:, g], queries, list("abcd"))
    assert torch.equal(table, before)


def test_a_streamed_gallery_scores_each_pair_once_and_its_targets_once_more() -> None:
    scored = 0

    def score(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        nonlocal scored
        shape = [len(range(100)[rows]) if isinstance(rows, slice) else len(rows) for rows in (query_rows, gallery_rows)]
        scored += shape[0] * shape[1]
        return torch.zeros(shape)

    names = [f"g{i}" for i in range(100)]
    queries = QuerySet(tuple(map(str, range(8))), tuple((names[i * 11],) for i in range(8)))
    search(score, queries, names, chunks=ChunkPlan(8, 10))
    assert scored == 8 * 100 + 8 * 8


def test_an_image_listed_twice_in_the_gallery_is_refused() -> None:
    with pytest.raises(DataError, match="gallery lists the image 'a' more than once"):
        search(lambda q, g: torch.zeros(1, 2), QuerySet(("q",), (("a",),)), ["a", "a"])


@pytest.mark.parametrize("options", [{"top_k": 0}, {"tolerance": -1e-6}, {"tolerance": float("nan")}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="top_k ≥ 1 and 0 ≤ tolerance"):
        search(lambda q, g: torch.zeros(1, 1), QuerySet(("q",), (("a",),)), ["a"], **options)


def test_a_ranking_does_not_change_with_the_callers_list_of_ids() -> None:
    ids = ["a", "b"]
    ranking = search(lambda q, g: torch.tensor([[1.0, 2.0]])[q][:, g], QuerySet(("q",), (("a",),)), ids)
    ids.reverse()
    assert ranking.top_ids[0] == ("b", "a")
