"""Search and metrics together equal the plain metric averaged over every order of the tied candidates.

The reference evaluator below works on ordered lists of ids, one per permutation; it shares no code with the harness.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.evaluation.metrics import parse_metric
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.search import search

Scored = tuple[dict[str, int], tuple[str, ...], tuple[str, ...]]


def orders(scores: dict[str, int]) -> Iterator[list[str]]:
    """Every order of the candidates that their scores allow, each equally likely."""
    levels = [[c for c in scores if scores[c] == level] for level in sorted(set(scores.values()), reverse=True)]
    for arranged in itertools.product(*(list(itertools.permutations(level)) for level in levels)):
        yield [candidate for level in arranged for candidate in level]


def hit(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    return float(any(image in targets for image in ranked[:k]))


def recall(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    return sum(image in targets for image in ranked[:k]) / len(targets)


def precision(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    return sum(image in targets for image in ranked[:k]) / k


def average_precision(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    total, found = 0.0, 0
    for place, image in enumerate(ranked[:k], start=1):
        if image in targets:
            found += 1
            total += found / place
    return total / min(len(targets), k)


def trapezoidal_precision(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    area, found = 0.0, 0
    for place, image in enumerate(ranked):
        if image in targets:
            before = found / place if place else 1.0
            found += 1
            area += (before + found / (place + 1)) / 2
    return area / (len(targets) + 1e-5)


def normalised_gain(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    gained = sum(1 / math.log2(place + 1) for place, image in enumerate(ranked[:k], start=1) if image in targets)
    return gained / sum(1 / math.log2(place + 1) for place in range(1, min(len(targets), k) + 1))


def reciprocal_rank(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    return next((1 / place for place, image in enumerate(ranked, start=1) if image in targets), 0.0)


def first_rank(ranked: Sequence[str], targets: Sequence[str], k: int) -> float:
    return next((place for place, image in enumerate(ranked, start=1) if image in targets), math.inf)


REFERENCES: dict[str, tuple[Callable[[Sequence[str], Sequence[str], int], float], float]] = {
    "R@{k}": (hit, 100),
    "recall@{k}": (recall, 100),
    "P@{k}": (precision, 100),
    "mAP@{k}": (average_precision, 100),
    "mAP_trapezoid": (trapezoidal_precision, 100),
    "nDCG@{k}": (normalised_gain, 100),
    "MRR": (reciprocal_rank, 100),
    "median_rank": (first_rank, 1),
}


@st.composite
def scored_galleries(draw: st.DrawFn) -> Scored:
    """A gallery of one to six images with many equal scores, targets (some unknown), excluded images."""
    gallery = [f"image-{n}" for n in range(draw(st.integers(1, 6)))]
    scores = {image: draw(st.integers(0, 2)) for image in gallery}
    targets = draw(st.lists(st.sampled_from([*gallery, "not in the gallery"]), min_size=1, max_size=4, unique=True))
    excluded = draw(st.lists(st.sampled_from([*gallery, "unknown"]), max_size=2, unique=True))
    return scores, tuple(targets), tuple(excluded)


def ranking_of(case: Scored) -> Ranking:
    scores, targets, excluded = case
    table = torch.tensor([list(scores.values())], dtype=torch.float32)
    return search(lambda q, g: table[q][:, g], QuerySet(("query",), (targets,), (excluded,)), list(scores))


@given(case=scored_galleries(), k=st.integers(1, 8))
def test_equals_the_mean_over_all_orders(case: Scored, k: int) -> None:
    scores, targets, excluded = case
    ranking = ranking_of(case)
    every = list(orders({image: score for image, score in scores.items() if image not in excluded}))
    for name, (reference, scale) in REFERENCES.items():
        values = [reference(ranked, targets, k) for ranked in every]
        measured = parse_metric(name.format(k=k)).per_query(ranking)
        assert measured == pytest.approx([scale * sum(values) / len(values)], rel=1e-9, abs=1e-9), name


@given(case=scored_galleries(), k=st.integers(1, 8))
def test_it_is_between_the_worst_and_the_best_order(case: Scored, k: int) -> None:
    scores, targets, excluded = case
    candidates = [image for image in scores if image not in excluded]
    worst = sorted(candidates, key=lambda image: (-scores[image], image in targets))
    best = sorted(candidates, key=lambda image: (-scores[image], image not in targets))
    expected = parse_metric(f"R@{k}").per_query(ranking_of(case))[0]
    assert 100 * hit(worst, targets, k) - 1e-9 <= expected <= 100 * hit(best, targets, k) + 1e-9
