"""Which queries are looked at."""

import math

from hypothesis import given
from hypothesis import strategies as st

from cir_bench.report.examples.sampling import disagreed, failed, sampled

RANKS = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(1, 1000) | st.just(math.inf), max_size=20)


def test_a_sample_is_the_same_for_a_seed_and_another_for_another():
    queries = {"": [f"q{number}" for number in range(100)]}
    assert sampled(queries, 10, 0) == sampled(queries, 10, 0)
    assert sampled(queries, 10, 0) != sampled(queries, 10, 1)
    assert sampled({"": queries[""][::-1]}, 10, 0) == sampled(queries, 10, 0)


def test_a_sample_is_drawn_from_every_part_alike():
    queries = {"dress": [f"d{n}" for n in range(50)], "shirt": [f"s{n}" for n in range(50)]}
    assert sorted(query[0] for query in sampled(queries, 8, 3)) == ["d"] * 4 + ["s"] * 4


@given(
    st.dictionaries(st.sampled_from(["a", "b", ""]), st.lists(st.text("xyz", max_size=5), unique=True)),
    st.integers(1, 9),
)
def test_a_sample_is_never_more_than_there_is(queries, count):
    drawn = sampled(queries, count, 0)
    assert len(drawn) == min(count, sum(map(len, queries.values())))


def test_disagreement_is_a_ratio_of_ranks():
    first = {"near the top": 1.0, "far down": 101.0, "same": 5.0}
    second = {"near the top": 10.0, "far down": 120.0, "same": 5.0}
    assert disagreed(first, second, 4) == (["near the top", "far down"], [])
    assert disagreed(second, first, 4) == ([], ["near the top", "far down"])


@given(RANKS, RANKS, st.integers(1, 8))
def test_each_side_has_the_queries_that_it_ranks_higher(first, second, count):
    better, worse = disagreed(first, second, count)
    assert all(first[query] < second[query] for query in better)
    assert all(first[query] > second[query] for query in worse)
    assert len(better) + len(worse) <= count


def test_a_target_that_is_never_hit_is_the_worst_failure():
    assert failed({"a": 3.0, "b": math.inf, "c": 900.0}, 2) == ["b", "c"]
