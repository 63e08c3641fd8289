"""Items with several vectors are ranked by the greatest cosine of a pair of them, exactly and in bounded memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cir_bench import Embedding
from cir_bench.errors import ConfigError
from cir_bench.inference.gallery import scorer_of
from cir_bench.interfaces.embedding import joint_score
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.greatest import GreatestScorer
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search


def vectors(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def defined(queries: Embedding, candidates: Embedding) -> torch.Tensor:
    """The score, pair by pair and in float64, as `Embedding` defines it."""
    scores = torch.zeros(len(queries), len(candidates), dtype=torch.float64)
    for name, ours in queries.spaces.items():
        for q, query in enumerate(ours.double()):
            for n, candidate in enumerate(candidates.spaces[name].double()):
                pairs = [
                    torch.cosine_similarity(one, other, dim=0)
                    for one in query.reshape(-1, query.shape[-1])
                    for other in candidate.reshape(-1, candidate.shape[-1])
                ]
                scores[q, n] += queries.weights.get(name, 1.0) * max(pairs)
    return scores


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 4), st.integers(1, 6), st.integers(0, 99))
def test_the_scorer_and_the_joint_score_are_what_is_defined(ours: int, theirs: int, q: int, n: int, seed: int) -> None:
    """``ours`` and ``theirs``: vectors of each query and candidate; 0: a space ``[B, d]``. A second space is plain."""
    a, b = vectors(q, *[ours] * (ours > 0), 5, seed=seed), vectors(q, 3, seed=seed + 1)
    queries = Embedding({"a": a, "b": b}, {"a": 0.7}, reduce="max")
    gallery = Embedding(
        {"a": vectors(n, *[theirs] * (theirs > 0), 5, seed=seed + 2), "b": vectors(n, 3, seed=seed + 3)}, reduce="max"
    )
    expected = defined(queries, gallery)
    torch.testing.assert_close(joint_score(queries, gallery).double(), expected, atol=1e-6, rtol=0)
    scorer = scorer_of(joint_score, queries, gallery, torch.device("cpu"))
    torch.testing.assert_close(scorer(slice(0, q), slice(0, n)).double(), expected, atol=1e-6, rtol=0)


def test_without_several_vectors_it_is_one_matrix_product() -> None:
    queries, gallery = Embedding({"a": vectors(2, 4)}, reduce="max"), Embedding({"a": vectors(3, 4, seed=1)})
    assert isinstance(scorer_of(joint_score, queries, gallery, torch.device("cpu")), DotScorer)


@pytest.mark.parametrize("chunks", [None, ChunkPlan(2, 3), ChunkPlan(7, 1)])
def test_a_search_counts_ties_and_leaves_out_what_is_excluded(chunks: ChunkPlan | None) -> None:
    """Image 5 is a copy of image 2 with its vectors in another order; image 0 is excluded from every query."""
    gallery = vectors(9, 4, 6, seed=3)
    gallery[5] = gallery[2].flip(0)
    queries = vectors(7, 6, seed=4)
    names = [f"image-{number}" for number in range(9)]
    asked = QuerySet(
        ids=tuple(f"q{number}" for number in range(7)), targets=(("image-2",),) * 7, excluded=(("image-0",),) * 7
    )
    sides = Embedding.single(queries), Embedding({"main": gallery}, reduce="max")
    ranking = search(scorer_of(joint_score, *sides, torch.device("cpu")), asked, names, chunks=chunks)
    scores = defined(*sides)
    better = [sum(float(row[n]) > float(row[2]) + 1e-5 for n in range(1, 9)) for row in scores]
    assert ranking.better.tolist() == better
    assert ranking.tied.tolist() == [1] * 7
    assert "image-0" not in {image for images in ranking.top_ids for image in images}


def test_all_products_of_a_block_are_never_in_memory_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cir_bench.retrieval.greatest.tile_scores_on", lambda _device: 64)
    queries, gallery = vectors(4, 5), vectors(10, 3, 5, seed=1)
    scorer = GreatestScorer([(queries, gallery)])
    taken = []
    memory = scorer._memory
    monkeypatch.setattr(scorer, "_memory", lambda size, dtype: (taken.append(size), memory(size, dtype))[1])
    expected = torch.einsum("qd,nmd->qnm", queries, gallery).amax(dim=2)
    torch.testing.assert_close(scorer(slice(0, 4), slice(0, 10)), expected)
    assert max(taken) <= 64


def test_rows_may_be_any(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, gallery = vectors(4, 2, 5), vectors(10, 3, 5, seed=1)
    scores = GreatestScorer([(queries, gallery)])(torch.tensor([3, 0]), torch.tensor([9, 2, 2]))
    expected = torch.einsum("qpd,nmd->qnpm", queries, gallery).amax(dim=(2, 3))
    torch.testing.assert_close(scores, expected[[3, 0]][:, [9, 2, 2]])


def test_spaces_of_different_sizes_are_refused() -> None:
    with pytest.raises(ConfigError, match="same numbers"):
        GreatestScorer([(vectors(2, 5), vectors(3, 5)), (vectors(2, 5), vectors(4, 5))])


def test_a_space_has_several_vectors_only_where_it_is_said_how_they_are_reduced() -> None:
    with pytest.raises(ValueError, match="reduce='max'"):
        Embedding({"a": vectors(2, 3, 5)})
    several = Embedding({"a": vectors(2, 3, 5)}, reduce="max")
    with pytest.raises(ValueError, match="several vectors in a"):
        several.joint()
    assert Embedding.cat([several, several[:1]]).spaces["a"].shape == (3, 3, 5)
    assert several.to(dtype=torch.float64).reduce == "max"
