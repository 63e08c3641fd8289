"""What every metric must keep, whatever the scores: properties of search and metrics together.

Scores are few small whole numbers, so that ties of every pattern occur: none, pairs, groups with and without targets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.metrics import FAMILIES, Metric, parse_metric
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import CandidateSet, Ranking
from cir_bench.retrieval.search import search
from cir_bench.retrieval.subsets import search_subsets

ks = st.integers(1, 12)  # often more than there are images
plans = st.none() | st.builds(ChunkPlan, st.just(1), st.integers(1, 8))
some = settings(max_examples=25)
BY_K = {"mAP", "nDCG", "P", "neg_recall"}
"""They divide by K, or by what min(targets, K) targets can reach."""
WITH_K = [family for family in FAMILIES if FAMILIES[family].has_k and family not in BY_K]


@dataclass(frozen=True)
class Case:
    """One query over a gallery of one to seven images."""

    scores: dict[str, float]
    targets: tuple[str, ...]
    excluded: tuple[str, ...]
    gains: dict[str, float]
    subset: tuple[str, ...]

    def queries(self) -> QuerySet:
        return QuerySet(("query",), (self.targets,), (self.excluded,), gains=(self.gains,))

    def distractors(self) -> list[str]:
        """Candidates that are neither targets nor have a value."""
        return [name for name in self.scores if name not in {*self.targets, *self.gains, *self.excluded}]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    gallery = [f"image-{n}" for n in range(draw(st.integers(1, 7)))]
    known = st.sampled_from(gallery)
    return Case(
        scores={image: float(draw(st.integers(0, 3))) for image in gallery},
        targets=tuple(draw(st.lists(st.sampled_from([*gallery, "elsewhere"]), min_size=1, max_size=4, unique=True))),
        excluded=tuple(draw(st.lists(known, max_size=2, unique=True))),
        gains=draw(st.dictionaries(known, st.sampled_from([-1.0, 0.2, 0.5, 1.0]), min_size=1, max_size=4)),
        subset=tuple(draw(st.lists(known, min_size=1, max_size=5, unique=True))),
    )


def metric_of(family: str, k: int) -> Metric:
    return parse_metric(FAMILIES[family].pattern.replace("@K", f"@{k}"))


def ranking_of(case: Case, view: CandidateSet, plan: ChunkPlan | None = None) -> Ranking:
    table = torch.tensor([list(case.scores.values())])
    if view is CandidateSet.SUBSET:
        return search_subsets(lambda q, g: table[q][:, g], case.queries(), list(case.scores), [case.subset])
    return search(lambda q, g: table[q][:, g], case.queries(), list(case.scores), chunks=plan)


def values(case: Case, k: int, plan: ChunkPlan | None = None) -> dict[str, float]:
    """Of every family of metrics: in percent; ranks as they are."""
    rankings = {view: ranking_of(case, view, plan) for view in CandidateSet}
    metrics = {family: metric_of(family, k) for family in FAMILIES}
    return {name: float(one.per_query(rankings[one.family.candidates])[0]) for name, one in metrics.items()}


def assert_no_better(after: dict[str, float], before: dict[str, float]) -> None:
    for family, number in after.items():
        sign = -1 if family == "median_rank" else 1
        assert sign * number <= sign * before[family] + 1e-9, family


@some
@given(case=cases(), k=ks, plan=plans, data=st.data())
def test_the_order_of_the_gallery_does_not_matter(
    case: Case, k: int, plan: ChunkPlan | None, data: st.DataObject
) -> None:
    shuffled = replace(case, scores={name: case.scores[name] for name in data.draw(st.permutations(list(case.scores)))})
    assert values(shuffled, k, plan) == pytest.approx(values(case, k, plan))


@some
@given(case=cases(), k=ks, plan=plans, data=st.data())
def test_a_copy_of_a_distractor_never_helps(case: Case, k: int, plan: ChunkPlan | None, data: st.DataObject) -> None:
    if not case.distractors():
        return
    copied = data.draw(st.sampled_from(case.distractors()))
    more = replace(case, scores={**case.scores, "copy": case.scores[copied]}, subset=(*case.subset, "copy"))
    assert_no_better(values(more, k, plan), values(case, k, plan))


@some
@given(case=cases(), k=ks)
def test_a_copy_below_every_target_changes_nothing(case: Case, k: int) -> None:
    worse = replace(case, scores={**case.scores, "copy": min(case.scores.values()) - 1}, subset=(*case.subset, "copy"))
    assert values(worse, k) == pytest.approx(values(case, k))


@some
@given(case=cases(), k=ks, plan=plans, score=st.integers(-1, 9))
def test_a_reference_that_the_protocol_removes_may_as_well_not_be_there(
    case: Case, k: int, plan: ChunkPlan | None, score: int
) -> None:
    with_it = replace(
        case,
        scores={"reference": float(score), **case.scores},
        excluded=(*case.excluded, "reference"),
        subset=(*case.subset, "reference"),
    )
    assert values(with_it, k, plan) == pytest.approx(values(case, k, plan))


@some
@given(case=cases(), k=ks)
def test_a_reference_that_is_kept_and_scores_best_takes_the_first_place(case: Case, k: int) -> None:
    kept = replace(case, scores={"reference": 9.0, **case.scores}, subset=("reference", *case.subset))
    after = values(kept, k)
    assert_no_better(after, values(case, k))
    fewer = values(case, k - 1) if k > 1 else dict.fromkeys(FAMILIES, 0.0)
    for family in WITH_K:  # the first k - 1 of before are now among the first k
        assert after[family] == pytest.approx(fewer[family]), family


@some
@given(case=cases(), extra=st.integers(0, 5))
def test_a_k_beyond_the_gallery_is_as_good_as_the_whole_gallery(case: Case, extra: int) -> None:
    whole, beyond = values(case, len(case.scores)), values(case, len(case.scores) + extra)
    for family in WITH_K:
        assert beyond[family] == pytest.approx(whole[family]), family


@pytest.mark.parametrize("family", ["mAP", "nDCG"])
@some
@given(case=cases(), extra=st.integers(0, 5))
def test_beyond_targets_and_gallery_it_stays(family: str, case: Case, extra: int) -> None:
    size = max(len(case.scores), len(case.targets))
    assert values(case, size + extra)[family] == pytest.approx(values(case, size)[family])


@some
@given(case=cases(), k=st.integers(1, 11))
def test_looking_further_never_finds_less(case: Case, k: int) -> None:
    near, far = (values(case, depth) for depth in (k, k + 1))
    for family in WITH_K:
        assert near[family] <= far[family] + 1e-9, family


@some
@given(case=cases(), k=ks, shift=st.sampled_from([-7.0, 0.5, 100.0]), scale=st.sampled_from([0.25, 3.0]))
def test_only_the_order_of_the_scores_counts(case: Case, k: int, shift: float, scale: float) -> None:
    other = replace(case, scores={name: scale * score + shift for name, score in case.scores.items()})
    assert values(other, k) == pytest.approx(values(case, k))


@some
@given(case=cases(), k=ks, score=st.sampled_from([0.0, -3.5, 1e6]))
def test_equal_scores_for_all_are_exactly_at_chance(case: Case, k: int, score: float) -> None:
    constant = replace(case, scores=dict.fromkeys(case.scores, score))
    found = values(constant, k)
    for family in FAMILIES:
        metric = metric_of(family, k)
        subsets = [case.subset] if metric.family.candidates is CandidateSet.SUBSET else None
        chance = metric.per_query(constant_ranking(case.queries(), list(case.scores), subsets))[0]
        assert found[family] == pytest.approx(chance), family


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("removed", [True, False])
def test_a_gallery_of_one_image(family: str, present: bool, removed: bool) -> None:
    wanted = "only" if present else "elsewhere"
    case = Case({"only": 0.0}, (wanted,), ("only",) if removed else (), {wanted: 0.5}, ("only",))
    hit = present and not removed
    for k in (1, 10):
        known = {"median_rank": 1.0, "R_soft": 50.0, "R_soft_subset": 50.0, "P": 100 / k, "neg_recall": 0.0}
        best = known.get(family, 100.0)  # it has no negatives
        best = best / (1 + 1e-5) if "AP_trapezoid" in family else best  # their evaluators' denominator
        never = float("inf") if family == "median_rank" else 0.0
        assert values(case, k)[family] == pytest.approx(best if hit else never)
