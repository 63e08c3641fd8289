from __future__ import annotations

import re

import pytest
import torch
from support.nearest import nearest
from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search
from cir_bench.retrieval.subsets import search_subsets

GALLERY = [f"image-{i}" for i in range(6)]
QUERIES = QuerySet(tuple(f"dress-{i}" for i in range(4)), tuple((GALLERY[i],) for i in range(4)), ((GALLERY[5],),) * 4)
PLANS = [None, ChunkPlan(3, 6), ChunkPlan(3, 4), ChunkPlan(1, 1)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("column", [2, 4, 5], ids=["target", "other", "excluded"])
def test_a_score_that_is_no_number_names_the_query_and_the_image(
    value: float, plan: ChunkPlan | None, column: int
) -> None:
    table = torch.zeros(4, 6)
    table[2, column] = value
    expected = f"query 'dress-2' against gallery image 'image-{column}' is {value}"
    with pytest.raises(RunError, match=re.escape(expected)):
        search(lambda q, g: table[q][:, g], QUERIES, GALLERY, chunks=plan)


def test_infinities_of_both_signs_do_not_cancel() -> None:
    table = torch.zeros(4, 6)
    table[1, 0], table[1, 1] = float("inf"), float("-inf")
    with pytest.raises(RunError, match="'dress-1' against gallery image 'image-0' is inf"):
        search(lambda q, g: table[q][:, g], QUERIES, GALLERY)


def test_huge_finite_scores_are_numbers() -> None:
    table = torch.full((4, 6), 3e38)
    assert search(lambda q, g: table[q][:, g], QUERIES, GALLERY).tied.tolist() == [4] * 4


def test_a_nan_in_an_embedding_names_its_query() -> None:
    queries = torch.eye(4, 8)
    queries[3, 0] = float("nan")
    with pytest.raises(RunError, match="'dress-3'"):
        search(DotScorer(queries, torch.eye(6, 8)), QUERIES, GALLERY)


def test_subset_search_names_the_query_and_the_image() -> None:
    table = torch.zeros(4, 6)
    table[1, 3] = float("nan")
    with pytest.raises(RunError, match="'dress-1' against gallery image 'image-3' is nan"):
        search_subsets(lambda q, g: table[q][:, g], QUERIES, GALLERY, [GALLERY[:4]] * 4)


def test_neighbours_name_the_rows() -> None:
    gallery = torch.eye(6, 8)
    gallery[4] = float("nan")
    with pytest.raises(RunError, match="query row 0 against gallery row 4 is nan"):
        nearest(torch.eye(4, 8), gallery, 2)


@pytest.mark.parametrize(
    ("scores", "got"),
    [
        (torch.zeros(4, 5), r"torch.float32 (4, 5)"),
        (torch.zeros(24), r"torch.float32 (24,)"),
        (torch.zeros(4, 6, dtype=torch.int64), r"torch.int64 (4, 6)"),
        ([[0.0] * 6] * 4, "list"),
    ],
)
def test_anything_but_a_block_of_floats_is_refused(scores: Tensor, got: str) -> None:
    with pytest.raises(RunError, match=re.escape(f"gave {got} for 4 queries x 6 images")):
        search(lambda q, g: scores, QUERIES, GALLERY)


def test_a_double_that_a_ranking_cannot_keep_is_refused() -> None:
    scores = torch.tensor([[1e39, 0.0]], dtype=torch.float64)
    with pytest.raises(RunError, match=r"A score is 1e\+39, more than a 32-bit float can keep"):
        search(lambda q, g: scores[q][:, g], QuerySet(("q",), (("a",),)), ["a", "b"])
