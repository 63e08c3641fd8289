"""Galleries wide enough for tiles and groups of columns, against numpy's sort."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from support.nearest import nearest

from cir_bench.retrieval import candidates, chunks, topk
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search

N_QUERIES, N_GALLERY = 5, 2003
NAMES = [f"g{(row * 1741) % N_GALLERY:04}" for row in range(N_GALLERY)]
KINDS = ["all different", "hundreds of values", "7 values", "constant", "rising", "falling", "two far ahead"]
PLANS = [None, ChunkPlan(3, 512), ChunkPlan(2, 777)]


def scores_of(kind: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((N_QUERIES, N_GALLERY)).astype(np.float32)
    if kind == "hundreds of values":
        return np.round(table * 64) / 64
    if kind == "7 values":
        return np.clip(np.round(table), -3, 3)
    if kind == "constant":
        return np.full_like(table, 0.25)
    if kind in {"rising", "falling"}:
        return np.sort(table, axis=1)[:, :: 1 if kind == "rising" else -1].copy()
    if kind == "two far ahead":
        table[:, [11, 1999]] = 50
    return table


def asked() -> QuerySet:
    """Three targets each, one of them excluded now and then; some images excluded."""
    rng = np.random.default_rng(1)
    targets = [tuple(NAMES[row] for row in rng.choice(N_GALLERY, 3, replace=False)) for _ in range(N_QUERIES)]
    excluded = [(*targets[query][: query % 2], NAMES[11], NAMES[query]) for query in range(N_QUERIES)]
    return QuerySet(tuple(f"q{i}" for i in range(N_QUERIES)), tuple(targets), tuple(map(tuple, excluded)))


def assert_sorted_by_hand(ranking: Ranking, table: np.ndarray, top_k: int) -> None:
    places = iter(zip(ranking.better.tolist(), ranking.tied.tolist(), strict=True))
    for row, (targets, excluded) in enumerate(zip(ranking.queries.targets, ranking.queries.excluded, strict=True)):
        score = {name: value for name, value in zip(NAMES, table[row].tolist(), strict=True) if name not in excluded}
        best = sorted(score, key=lambda name: (-score[name], name))[:top_k]
        assert ranking.top_ids[row] == tuple(best)
        assert ranking.top_scores is not None
        assert ranking.top_scores[row].tolist() == pytest.approx([score[name] for name in best])
        values = np.array(list(score.values()))
        for target in targets:
            expected = (-1, 0)
            if target in score:
                expected = (int((values > score[target]).sum()), int((values == score[target]).sum()) - 1)
            assert next(places) == expected


@pytest.fixture(params=[2**20, 2**12], ids=["one tile", "many tiles"])
def tile_scores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "TILE_SCORES", request.param)


@pytest.mark.usefixtures("tile_scores")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("top_k", [1, 50])
def test_every_pattern_of_scores_is_ranked_as_by_sorting(kind: str, plan: ChunkPlan | None, top_k: int) -> None:
    table = scores_of(kind)
    scores = torch.from_numpy(table)
    ranking = search(lambda q, g: scores[q][:, g], asked(), NAMES, top_k=top_k, tolerance=0, chunks=plan)
    assert_sorted_by_hand(ranking, table, top_k)


@pytest.mark.usefixtures("tile_scores")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("narrow", [1, 10**9], ids=["by groups", "all cells"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_going_through_groups_and_looking_at_all_cells_find_the_same(
    kind: str, narrow: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "NARROW", narrow)
    table = scores_of(kind)
    scores = torch.from_numpy(table).to(dtype)
    for plan in PLANS:
        ranking = search(lambda q, g: scores[q][:, g], asked(), NAMES, tolerance=0, chunks=plan)
        assert_sorted_by_hand(ranking, table, 50)


@pytest.mark.usefixtures("tile_scores")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plan", PLANS)
def test_what_a_gpu_does_with_tensors_finds_the_same(
    kind: str, plan: ChunkPlan | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "NARROW", 1)
    for module in (candidates, topk):
        monkeypatch.setattr(module, "array", lambda values: values)  # on a CPU, arrays are worked on instead
    table = scores_of(kind)
    scores = torch.from_numpy(table)
    ranking = search(lambda q, g: scores[q][:, g], asked(), NAMES, tolerance=0, chunks=plan)
    assert_sorted_by_hand(ranking, table, 50)


@pytest.fixture
def vectors() -> tuple[torch.Tensor, torch.Tensor]:
    """Queries and gallery on a coarse grid, so that their dot products are exact and many tie."""
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randint(-2, 3, (n, 8), generator=generator) / 4 for n in (N_QUERIES, N_GALLERY))


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    assert torch.get_num_threads() == request.param  # a search leaves it as it was
    torch.set_num_threads(before)


@pytest.mark.parametrize("plan", [None, ChunkPlan(2, 777)])
def test_threads_change_nothing(
    threads: int, plan: ChunkPlan | None, vectors: tuple[torch.Tensor, torch.Tensor]
) -> None:
    queries, gallery = vectors
    ranking = search(DotScorer(queries, gallery), asked(), NAMES, tolerance=0, chunks=plan)
    assert_sorted_by_hand(ranking, (queries @ gallery.T).numpy(), 50)


def test_threads_work_on_what_was_made_in_inference_mode(
    threads: int, vectors: tuple[torch.Tensor, torch.Tensor]
) -> None:
    with torch.inference_mode():
        queries, gallery = (matrix * 1 for matrix in vectors)
        found = nearest(queries, gallery, 20)
    best = torch.sort(vectors[0] @ vectors[1].T, dim=1, descending=True, stable=True)
    assert torch.equal(found.rows, best.indices[:, :20])
    assert torch.equal(found.scores, best.values[:, :20])


def test_an_error_in_a_thread_is_the_searchs_own(threads: int, vectors: tuple[torch.Tensor, torch.Tensor]) -> None:
    queries, gallery = vectors
    gallery[1600] = float("nan")
    with pytest.raises(Exception, match=f"query 'q0' against gallery image '{NAMES[1600]}' is nan"):
        search(DotScorer(queries, gallery), asked(), NAMES)
