from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from cir_bench.errors import ConfigError
from cir_bench.retrieval.chunks import (
    BLOCK_BYTES,
    BLOCK_TILES,
    LIST_BYTES,
    MAX_COLUMNS,
    TILE_BYTES,
    TILE_SCORES,
    ChunkPlan,
    plan_chunks,
    working_bytes,
)
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search


@pytest.mark.parametrize("n_queries", [1, 100, 33_480])
@pytest.mark.parametrize("n_gallery", [1, 5_000, 1_000_000, 50_000_000])
@pytest.mark.parametrize("budget", [2**16, 2**24, 2**30])
@pytest.mark.parametrize("vector", [0, 2048])
def test_chunks_fit_the_budget(n_queries: int, n_gallery: int, budget: int, vector: int) -> None:
    plan = plan_chunks(n_queries, n_gallery, budget, vector, vector)
    assert plan.queries * plan.gallery * BLOCK_BYTES + (plan.queries + plan.gallery) * vector <= budget
    assert working_bytes(plan.queries, plan.gallery, vector, vector) <= budget
    assert 1 <= plan.queries <= n_queries
    assert 1 <= plan.gallery <= min(n_gallery, MAX_COLUMNS)


def test_whole_rows_are_taken_where_they_fit() -> None:
    assert plan_chunks(6000, 5000, 2**28).gallery == 5000
    assert plan_chunks(6000, 1_000_000, 2**28).gallery < 1_000_000


@pytest.mark.parametrize("n_gallery", [5_000, 30_000, 1_000_000])
def test_blocks_stay_in_a_processors_cache_however_large_the_budget(n_gallery: int) -> None:
    plan = plan_chunks(6000, n_gallery, 2**40)
    assert plan.queries * plan.gallery <= BLOCK_TILES * TILE_SCORES


@pytest.mark.parametrize("best", [50, 2000, 20_000])
def test_long_lists_count_as_memory(best: int) -> None:
    plan = plan_chunks(1024, 30_000, 2**27, best=best)
    assert working_bytes(plan.queries, plan.gallery) + plan.queries * best * LIST_BYTES <= 2**27


def test_a_budget_for_less_than_one_list_is_refused() -> None:
    queries, names = asked(1, 30_000)
    gallery = torch.ones(30_000, 2)
    with pytest.raises(ConfigError, match="memory budget of 1048576 bytes is too small"):
        search(DotScorer(gallery[:1], gallery), queries, names, top_k=20_000, budget_bytes=2**20)


def test_chunks_of_queries_are_of_about_one_size() -> None:
    assert plan_chunks(1025, 5000, 2**28).queries == 513  # not 1024 and one more


def test_a_budget_for_less_than_one_pair_is_refused() -> None:
    with pytest.raises(ConfigError, match="memory budget of 100 bytes is too small"):
        plan_chunks(10, 10, 100, 2048, 2048)


def test_impossible_chunks_are_refused() -> None:
    for sizes in [(0, 1), (1, 0), (1, MAX_COLUMNS + 1)]:
        with pytest.raises(ConfigError):
            ChunkPlan(*sizes)


@pytest.fixture
def unit_vectors() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)

    def unit(rows: int) -> np.ndarray:
        matrix = rng.standard_normal((rows, 32), dtype=np.float32)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        return matrix

    return unit(20), unit(3000)


def asked(n_queries: int, n_gallery: int) -> tuple[QuerySet, list[str]]:
    names = [f"g{i:05}" for i in range(n_gallery)]
    return QuerySet(tuple(map(str, range(n_queries))), tuple((names[i * 100],) for i in range(n_queries))), names


def ranks(ranking: Ranking) -> tuple[list[int], list[int], tuple[tuple[str, ...], ...]]:
    return ranking.better.tolist(), ranking.tied.tolist(), ranking.top_ids


def test_a_memory_mapped_gallery_larger_than_the_budget(
    unit_vectors: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    queries, gallery = unit_vectors
    gallery.tofile(tmp_path / "gallery.f32")
    mapped = np.memmap(tmp_path / "gallery.f32", dtype=np.float32, mode="r", shape=gallery.shape)
    scorer = DotScorer(queries, mapped)
    assert scorer.gallery_bytes == 32 * 4
    expected = search(DotScorer(queries, gallery), *asked(20, 3000))
    assert ranks(search(scorer, *asked(20, 3000), budget_bytes=30_000)) == ranks(expected)


def test_matrices_in_place_need_no_memory_of_their_own(unit_vectors: tuple[np.ndarray, np.ndarray]) -> None:
    queries, gallery = unit_vectors
    assert DotScorer(torch.from_numpy(queries), gallery).gallery_bytes == 0
    assert DotScorer(queries, torch.from_numpy(gallery).half()).gallery_bytes == 32 * 4


def test_a_half_precision_gallery_is_scored_in_float32(unit_vectors: tuple[np.ndarray, np.ndarray]) -> None:
    queries, gallery = (torch.from_numpy(m) for m in unit_vectors)
    half = gallery.half()
    expected = search(DotScorer(queries, half.float()), *asked(20, 3000))
    assert ranks(search(DotScorer(queries, half), *asked(20, 3000))) == ranks(expected)


def test_autocast_does_not_reach_the_scores(unit_vectors: tuple[np.ndarray, np.ndarray]) -> None:
    queries, gallery = unit_vectors
    expected = DotScorer(queries, gallery)(slice(0, 5), slice(0, 9))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(DotScorer(queries, gallery)(slice(0, 5), slice(0, 9)), expected)


def test_doubles_are_scored_as_doubles() -> None:
    queries = torch.ones(1, 1, dtype=torch.float64)
    gallery = torch.tensor([[1.0], [1.0 + 1e-12]], dtype=torch.float64)
    ranking = search(DotScorer(queries, gallery), QuerySet(("q",), (("a",),)), ["a", "b"], tolerance=0)
    assert ranking.better.tolist() == [1]


def test_matrices_of_different_widths_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"\(2, 3\) and gallery \(5, 4\)"):
        DotScorer(torch.zeros(2, 3), torch.zeros(5, 4))


def test_memory_does_not_grow_with_queries_times_gallery() -> None:
    # numpy's allocations are traced, torch's are not: the scorer's blocks are numpy memory, and only they are large
    class Blocks:
        largest = 0

        def __call__(self, query_rows: slice | torch.Tensor, gallery_rows: slice | torch.Tensor) -> torch.Tensor:
            rows = len(range(10**6)[query_rows]) if isinstance(query_rows, slice) else len(query_rows)
            columns = len(range(10**6)[gallery_rows]) if isinstance(gallery_rows, slice) else len(gallery_rows)
            self.largest = max(self.largest, rows * columns)
            return torch.zeros(rows, columns)

    scorer, budget = Blocks(), 2**18
    queries, names = asked(40, 20_000)
    tracemalloc.start()
    search(scorer, queries, names, budget_bytes=budget, top_k=5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert scorer.largest * (BLOCK_BYTES + TILE_BYTES) <= budget
    assert peak < 40 * 20_000 * 4  # far from one Q x N matrix, ids and index of the gallery included


def test_equal_scores_take_no_more_memory_than_their_block() -> None:
    queries, names = asked(60, 6000)
    tracemalloc.start()
    search(lambda q, g: torch.zeros(60, 6000)[q][:, g], queries, names, top_k=300)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * 6000 * 12  # listing every cell that ties would take 24 bytes each, beside the block's own
