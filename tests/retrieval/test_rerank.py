"""Rescored rankings, compared with a definition that sorts every query's candidates by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.search_cases import Case, cases

from cir_bench.errors import ConfigError, RunError
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.rerank import Shortlists
from cir_bench.retrieval.search import search

GALLERY = [f"g{i}" for i in range(6)]


def searched(case: Case, k: int) -> Ranking:
    return search(case.score, case.queries, case.gallery, top_k=max(4, k + 1))


def rescored(lists: Shortlists, score: dict[tuple[int, str], float], case: Case, top_k: int = 4) -> Ranking:
    table = np.full_like(lists.scores, 7)  # after the end of a list, anything may stand
    for query, images in enumerate(lists.ids):
        table[query, : len(images)] = [score[query, image] for image in images]
    return lists.ranking(table, case.gallery, top_k=top_k)


@settings(max_examples=150)
@given(cases(), st.integers(1, 10), st.randoms(use_true_random=False))
def test_equals_sorting_the_best_by_their_new_scores_and_the_rest_by_the_old(case: Case, k: int, draw) -> None:
    new = {(q, image): float(draw.randint(-1, 1)) for q in range(len(case.queries)) for image in case.gallery}
    lists = Shortlists.of(searched(case, k), k)
    found = rescored(lists, new, case)
    places = iter(range(len(case.queries.relevant_ids)))
    for q, excluded in enumerate(case.queries.excluded):
        old = {image: float(case.table[q, i]) for i, image in enumerate(case.gallery) if image not in excluded}
        order = sorted(sorted(old), key=old.__getitem__, reverse=True)
        best = [image for image in order[:k] if len(order) <= k or old[image] > old[order[k]]]
        assert set(lists.ids[q]) == set(best)
        # rescored candidates are above all others
        key = {image: (1, new[q, image]) if image in best else (0, old[image]) for image in old}
        assert found.n_candidates[q] == len(old)
        assert found.top_ids[q] == tuple(sorted(sorted(old), key=key.__getitem__, reverse=True))[:4]
        for target in case.queries.targets[q]:
            j = next(places)
            above = sum(other > key[target] for other in key.values()) if target in key else NEVER
            same = sum(other == key[target] for other in key.values()) - 1 if target in key else 0
            assert (found.better[j], found.tied[j]) == (above, same)


def six(scores: list[float], target: str = "g5") -> Case:
    return Case(torch.tensor([scores]), GALLERY, QuerySet(("q",), ((target,),)))


def test_scores_of_those_left_out_are_moved_below_and_keep_their_differences() -> None:
    case = six([0.9, 0.8, 0.7, 0.5, 0.4, 0.1])
    lists = Shortlists.of(search(case.score, case.queries, GALLERY), 2)
    found = lists.ranking(np.array([[-3.0, 5.0]], dtype=np.float32), GALLERY)
    assert found.top_ids == [("g1", "g0", "g2", "g3", "g4", "g5")]
    scores = found.top_scores[0, :6]
    assert scores[:2].tolist() == [5, -3]
    assert -3.001 < scores[2] < -3
    np.testing.assert_allclose(np.diff(scores[2:]), [-0.2, -0.1, -0.3], atol=1e-6)
    assert np.isnan(found.top_scores[0, 6:]).all()


def test_candidates_that_tie_with_the_first_one_left_out_are_not_rescored() -> None:
    case = six([0.9, 0.5, 0.5, 0.5, 0.4, 0.1], target="g3")
    lists = Shortlists.of(search(case.score, case.queries, GALLERY), 2)
    assert lists.ids == (("g0",),)
    found = lists.ranking(np.array([[1.0]], dtype=np.float32), GALLERY)
    assert (found.better.tolist(), found.tied.tolist()) == ([1], [2])


def test_nothing_is_rescored_where_all_tie() -> None:
    case = six([0.5] * 6)
    first = search(case.score, case.queries, GALLERY)
    lists = Shortlists.of(first, 3)
    assert lists.ids == ((),)
    found = lists.ranking(np.zeros((1, 1), dtype=np.float32), GALLERY)
    assert found.top_ids == [first.top_ids[0]]
    assert (found.better.tolist(), found.tied.tolist()) == ([0], [5])


def test_new_scores_within_the_tolerance_tie() -> None:
    case = six([0.9, 0.8, 0.1, 0.1, 0.1, 0.0], target="g0")
    lists = Shortlists.of(search(case.score, case.queries, GALLERY), 2)
    found = lists.ranking(np.array([[100.0, 100.00001]], dtype=np.float32), GALLERY)
    assert (found.better.tolist(), found.tied.tolist()) == ([0], [1])


def test_a_new_score_that_is_not_a_number_names_the_pair() -> None:
    case = six([0.9, 0.8, 0.1, 0.1, 0.1, 0.0])
    lists = Shortlists.of(search(case.score, case.queries, GALLERY), 2)
    with pytest.raises(RunError, match="query 'q' against gallery image 'g1'"):
        lists.ranking(np.array([[1.0, math.nan]], dtype=np.float32), GALLERY)


def test_the_ranking_must_know_more_than_k_candidates() -> None:
    case = six([0.9, 0.8, 0.7, 0.5, 0.4, 0.1])
    with pytest.raises(ConfigError, match="keeps the best 3"):
        Shortlists.of(search(case.score, case.queries, GALLERY, top_k=2), 2)
