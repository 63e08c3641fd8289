"""What is kept of a cell gives every metric of its record again, and what each query contributes to it."""

import numpy as np
import pytest

from cir_bench.evaluation.measure import measure
from cir_bench.statistics.queries import QueryResults

PARTS = {"dress": [1, 3, 12, 40], "shirt": [2, 60]}
KEYS = ["dress/R@10", "shirt/R@10", "mean/R@10", "dress/R@50", "mean/R@50", "Rmean"]


@pytest.fixture
def parts(cell):
    return cell(PARTS, metrics=("R@10", "R@50"), headline=("mean/R@10", "mean/R@50"), name="Rmean")


def test_queries_stand_part_after_part(parts):
    assert parts.ids == ("dressq-000", "dressq-001", "dressq-002", "dressq-003", "shirtq-000", "shirtq-001")
    assert parts.part_of == ("dress",) * 4 + ("shirt",) * 2
    assert parts.values("R@10").tolist() == [100, 100, 0, 0, 100, 0]


@pytest.mark.parametrize("key", KEYS)
def test_contributions_average_to_the_key_of_the_record(parts, key):
    result = measure(parts.parts, parts.metrics, headline=parts.headline.mean_of)
    expected = result.headline if key == "Rmean" else result.metrics[key]
    assert parts.contribution(key) @ parts.weights == pytest.approx(expected)


def test_a_part_weighs_the_same_however_many_queries_it_has(parts):
    assert parts.weights.tolist() == [0.125] * 4 + [0.25] * 2


@pytest.mark.parametrize("key", ["median_rank", "R@10", "hats/R@10", "mean/R@7", "nonsense"])
def test_what_is_no_mean_over_queries_or_not_there_has_no_contribution(cell, key):
    cells = cell(PARTS, metrics=("R@10", "median_rank"), headline=("mean/R@10",))
    assert cells.contribution(key) is None


def test_a_headline_with_a_median_in_it_has_none_either(cell):
    cells = cell([1, 2], metrics=("R@1", "median_rank"), headline=("R@1", "median_rank"), name="odd")
    assert cells.contribution("odd") is None


def test_names_of_images_and_top_lists_are_not_kept(cell):
    kept = cell([1, 7]).parts[""].gallery
    assert kept.top_ids == ((), ())
    assert set(kept.queries.relevant_ids) == {"0"}


def test_any_metric_at_any_cut_off_can_be_taken(cell):
    assert cell([1, 7, 30]).values("R@7").tolist() == [100, 100, 0]
    assert cell([1, 2]).values("MRR").tolist() == [100, 50]


def test_cells_pair_only_over_the_same_queries(cell):
    assert cell([1, 2]).same_queries(cell([5, 6]))
    assert not cell([1, 2]).same_queries(cell([1, 2, 3]))
    assert not cell({"a": [1], "b": [2]}).same_queries(cell({"a": [1], "c": [2]}))


def test_soft_targets_and_subsets_survive(graded):
    kept = QueryResults.of(graded.parts, graded.metrics, graded.headline)
    for name in graded.metrics:
        assert np.array_equal(kept.values(name), graded.values(name))
