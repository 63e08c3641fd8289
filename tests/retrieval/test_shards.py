"""A gallery searched in shards has the ranking of one search over all of it; the ranks are threads here."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.search_cases import Case, assert_same, cases, chunk_plans
from support.thread_ranks import on_ranks

from cir_bench.ranks.group import RankFailedError, Ranks
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search
from cir_bench.retrieval.shards import Shard
from cir_bench.retrieval.subsets import search_subsets


@given(cases(), st.integers(2, 4), st.integers(1, 10), chunk_plans)
def test_the_ranking_of_shards_is_that_of_the_whole_gallery(
    case: Case, size: int, top_k: int, chunks: ChunkPlan | None
) -> None:
    def sharded(ranks: Ranks) -> Ranking:
        shard = Shard(ranks, len(case.gallery))
        own = Case(case.table[:, shard.rows], case.gallery, case.queries)
        return search(own.score, case.queries, case.gallery, top_k=top_k, chunks=chunks, shard=shard)

    whole = search(case.score, case.queries, case.gallery, top_k=top_k)
    for ranking in on_ranks(size, sharded):
        assert_same(ranking, whole)
        assert list(ranking.top_ids) == list(whole.top_ids)


@given(cases(), st.integers(2, 4), st.data())
def test_subsets_are_scored_by_the_ranks_that_have_their_images(case: Case, size: int, data: st.DataObject) -> None:
    some = st.lists(st.sampled_from([*case.gallery, "elsewhere"]), max_size=5)
    subsets = [data.draw(some) for _ in case.queries.ids]

    def sharded(ranks: Ranks) -> Ranking:
        shard = Shard(ranks, len(case.gallery))
        own = Case(case.table[:, shard.rows], case.gallery, case.queries)
        return search_subsets(own.score, case.queries, case.gallery, subsets, shard=shard)

    whole = search_subsets(case.score, case.queries, case.gallery, subsets)
    for ranking in on_ranks(size, sharded):
        assert_same(ranking, whole)
        assert list(ranking.top_ids) == list(whole.top_ids)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_are_ranked_in_shards_as_in_one_search(dtype: torch.dtype) -> None:
    """With doubles of images in several shards, which tie."""
    seeded = torch.Generator().manual_seed(0)
    queries, gallery = (torch.randn(n, 16, generator=seeded, dtype=dtype) for n in (40, 200))
    gallery = torch.cat([gallery, gallery[:50]])
    ids = [f"g{i:03}" for i in torch.randperm(len(gallery), generator=seeded).tolist()]
    asked = QuerySet(
        ids=tuple(map(str, range(40))),
        targets=tuple((ids[i], ids[i + 100]) for i in range(40)),
        excluded=tuple((ids[-i - 1],) for i in range(40)),
    )

    def sharded(ranks: Ranks) -> Ranking:
        shard = Shard(ranks, len(gallery))
        return search(DotScorer(queries, gallery[shard.rows]), asked, ids, chunks=ChunkPlan(7, 30), shard=shard)

    whole = search(DotScorer(queries, gallery), asked, ids)
    for ranking in on_ranks(3, sharded):
        for name in ("better", "tied", "n_candidates"):
            np.testing.assert_array_equal(getattr(ranking, name), getattr(whole, name))
        np.testing.assert_allclose(ranking.top_scores, whole.top_scores, rtol=1e-5)


def test_a_bad_score_in_one_shard_is_named_and_ends_the_others() -> None:
    table = torch.zeros(1, 4)
    table[0, 3] = torch.nan
    asked = QuerySet(ids=("q",), targets=(("a",),), excluded=((),))

    def sharded(ranks: Ranks) -> Ranking:
        shard = Shard(ranks, 4)
        own = Case(table[:, shard.rows], list("abcd"), asked)
        return search(own.score, asked, list("abcd"), shard=shard)

    with pytest.raises(RankFailedError, match="query 'q' against gallery image 'd' is nan"):
        on_ranks(2, sharded)  # the first rank, which has no bad score
