"""Is a committed leaderboard up to date? Times never count, metrics within a tolerance, everything else always."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.leaderboards import build, compare, render


def text_of(*records):
    return render(build(records))


@pytest.fixture
def records(make):
    return [make("tirg", 40.0), make("combiner", 41.0), make("sum", 20.0), make("random", 0.1)]


def test_a_leaderboard_is_up_to_date_with_itself(records):
    assert compare(text_of(*records), text_of(*records), tolerance=0) == []


def test_times_and_places_are_ignored(make, records):
    slow = {"cost": {"train_seconds": 9999.0, "query_milliseconds": 55.5}, "environment": {"device": "NVIDIA H200"}}
    fresh = text_of(make("tirg", 40.0, **slow), *records[1:])
    assert fresh != text_of(*records)
    assert compare(fresh, text_of(*records), tolerance=0) == []


@pytest.mark.parametrize(("score", "tolerance", "stale"), [(41.9, 2.0, False), (42.1, 2.0, True), (40.01, 0.0, True)])
def test_metrics_may_differ_by_the_tolerance(make, records, score, tolerance, stale):
    found = compare(text_of(make("tirg", score), *records[1:]), text_of(*records), tolerance)
    assert bool(found) == stale
    assert all("`tirg`" in sentence and "@" in sentence for sentence in found if "order" not in sentence)


def test_neighbours_may_change_places_within_the_tolerance_but_not_without(make, records):
    fresh = text_of(make("tirg", 41.5), *records[1:])
    assert compare(fresh, text_of(*records), tolerance=2.0) == []
    assert any("order" in sentence for sentence in compare(fresh, text_of(*records), tolerance=0))


def test_the_standard_deviation_is_held_to_the_tolerance_too(make):
    def two(other):
        return text_of(make("tirg", 40.0), make("tirg", other, cell={"seed": 1}))

    assert compare(two(40.2), two(40.0), tolerance=1.0) == []
    assert len(compare(two(48.0), two(40.0), tolerance=5.0)) == len(["R@1", "R@5", "R@10"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"protocol": {"hash": "b" * 64}}, "hash"),
        ({"n_queries": {"": 1999}}, "1,999"),
        ({"ingredients": {"encoder.weights": "f" * 64}, "encoder": {"weights_digest": "f" * 64}}, "weights"),
        ({"method": {"parameters": 5}}, "parameters"),
        ({"selection": {"on": "test"}}, "leaks"),
        ({"cell": {"seed": 1}}, "Seed"),
        ({"protocol": {"description": "other"}}, "other"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_anything_else_must_be_equal(make, change, word):
    found = compare(text_of(make("tirg", **change)), text_of(make("tirg")), tolerance=50)
    assert any(word in sentence for sentence in found)


def test_rows_and_sections_that_came_or_went_are_named(make, records):
    fresh = text_of(*records[1:], make("val", 50.0), make("tirg", cell={"encoder": "cnn-lstm"}))
    found = compare(fresh, text_of(*records), tolerance=2)
    assert sum("`val` is not in the committed table" in sentence for sentence in found) == 1
    assert sum("`tirg` is no longer in the table" in sentence for sentence in found) == 1
    assert sum(s.startswith("css/test@1 · controlled track · encoder cnn-lstm: not in") for s in found) == 1
    assert len(found) == 3
    back = compare(text_of(*records), fresh, tolerance=2)
    assert any("encoder cnn-lstm: no records for it any more" in sentence for sentence in back)


def test_a_cell_that_fails_now_is_not_the_row_it_was(make, failed, records):
    found = compare(text_of(failed("tirg"), *records[1:]), text_of(*records), tolerance=100)
    assert found


def test_a_sentinel_that_is_ranked_is_a_difference_at_any_tolerance(make):
    fresh, committed = text_of(make("random", 1.0, method={"kind": "method"})), text_of(make("random", 1.0))
    assert compare(fresh, committed, tolerance=100)


def test_two_rows_of_one_method_are_told_apart(make):
    def split(second):
        return text_of(make("tirg", 40.0), make("tirg", second, cell={"seed": 1}, ingredients={"method.version": "2"}))

    assert compare(split(30.0), split(30.0), tolerance=0) == []
    assert compare(split(10.0), split(30.0), tolerance=2)


@pytest.mark.parametrize("committed", ["", "# Something else\n", "| a |\n", "## css\n\n| a | b |\n|---|\n| 1 |\n"])
def test_any_other_text_is_stale_and_no_crash(records, committed):
    assert compare(text_of(*records), committed, tolerance=2)


@given(text=st.text(alphabet="|-# ab1.±\n\\", max_size=200))
def test_no_committed_text_can_crash_it(make, text):
    assert compare(text_of(make()), text, tolerance=2)
