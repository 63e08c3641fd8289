"""Seeds, ranks, failures: what becomes of the cells of one table."""

import random
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.leaderboards import build, render

NAMES = ["tirg", "sum", "combiner", "random", "constant"]


def test_mean_and_sample_standard_deviation_over_seeds(make, only_section):
    scores = [40.0, 41.0, 45.0]
    (row,) = only_section([make("tirg", score, cell={"seed": seed}) for seed, score in enumerate(scores)]).rows
    assert row.seeds == (0, 1, 2)
    assert row.metrics["R@1"].mean == pytest.approx(mean(scores))
    assert row.metrics["R@1"].sd == pytest.approx(stdev(scores))


def test_one_seed_has_no_standard_deviation(make, only_section):
    assert only_section([make()]).rows[0].metrics["R@1"].sd is None


def test_an_infinite_median_rank_has_no_standard_deviation_either(make, only_section):
    cells = [make(cell={"seed": s}, metrics={"R@1": 1.0, "median_rank": r}) for s, r in ((0, 5.0), (1, float("inf")))]
    value = only_section(cells).rows[0].metrics["median_rank"]
    assert (value.mean, value.sd) == (float("inf"), None)


def test_seeds_made_from_other_ingredients_are_not_averaged(make, only_section):
    records = [
        make("tirg", 10.0, cell={"seed": 0}),
        make("tirg", 20.0, cell={"seed": 1}, ingredients={"method.version": "2"}),
    ]
    rows = only_section(records).rows
    assert sorted((row.seeds, row.metrics["R@1"].mean) for row in rows) == [((0,), 10.0), ((1,), 20.0)]
    assert all("not averaged" in row.remarks[0] and "method.version" in row.remarks[0] for row in rows)
    assert not any("encoder.weights" in row.remarks[0] for row in rows)


def test_times_are_means_over_seeds(make, only_section):
    records = [make(cell={"seed": s}, cost={"train_seconds": 10.0 * s, "query_milliseconds": 2.0 * s}) for s in (1, 2)]
    (row,) = only_section(records).rows
    assert (row.train_seconds, row.query_milliseconds) == (15.0, 3.0)


def test_best_first_sentinels_last_and_without_a_rank(make, only_section):
    records = [make("sum", 30.0), make("random", 90.0), make("tirg", 50.0), make("constant", 0.1)]
    rows = only_section(records).rows
    assert [(row.method, row.rank) for row in rows] == [("tirg", 1), ("sum", 2), ("random", None), ("constant", None)]


def test_equal_headlines_share_a_rank(make, only_section):
    rows = only_section([make("tirg", 50.0), make("combiner", 50.0), make("sum", 30.0)]).rows
    assert [(row.method, row.rank) for row in rows] == [("combiner", 1), ("tirg", 1), ("sum", 3)]


def test_a_median_rank_is_better_when_it_is_lower(make, only_section):
    records = [
        make(name, metrics={"median_rank": rank}, headline="median_rank")
        for name, rank in (("tirg", 9.0), ("sum", 4.0))
    ]
    assert [row.method for row in only_section(records).rows] == ["sum", "tirg"]


def test_triplets_are_counted_where_a_row_was_trained(make, only_section):
    records = [make("random", dataset={"n_train": 0}), make("tirg", dataset={"n_train": 9000})]
    assert only_section(records).n_train == 9000


def test_variants_are_rows_of_their_own(make, only_section):
    rows = only_section([make("tirg", 1.0), make("tirg", 2.0, cell={"variant": "training.epochs=5"})]).rows
    assert [(row.method, row.variant) for row in rows] == [("tirg", "training.epochs=5"), ("tirg", "")]


def test_a_failed_cell_is_a_row_that_says_why_at_the_end(make, failed, only_section):
    rows = only_section([failed(cell={"seed": s}) for s in (1, 0)] + [make("random", 0.1), make()]).rows
    assert [row.method for row in rows] == ["tirg", "random", "broken"]
    assert (rows[-1].kind, rows[-1].rank, rows[-1].seeds, rows[-1].metrics) == ("failed", None, (0, 1), {})
    (why,) = rows[-1].remarks
    assert why.startswith("ValueError: no | such")
    assert "(cir-bench-broken 0.3, training)" in why
    assert why.endswith("report it to its author")


def test_a_seed_that_failed_stands_beside_the_seeds_that_did_not(make, failed, only_section):
    records = [make("tirg", cell={"seed": 0}), make("tirg", cell={"seed": 1}), failed("tirg", cell={"seed": 2})]
    assert [(row.kind, row.seeds) for row in only_section(records).rows] == [("method", (0, 1)), ("failed", (2,))]


def test_of_two_records_of_one_cell_the_later_counts(make, only_section):
    records = [make("tirg", 50.0, finished="2030-02-01T00:00:00Z"), make("tirg", 10.0, finished="2030-01-01T00:00:00Z")]
    (row,) = only_section(records).rows
    assert row.metrics["R@1"].mean == 50.0


def test_a_failure_is_forgotten_once_the_cell_has_finished_and_not_before(make, failed, only_section):
    done, early = make("tirg", finished="2030-01-02"), failed("tirg", finished="2030-01-01")
    late = failed("tirg", finished="2030-01-03")
    assert [row.kind for row in only_section([done, early]).rows] == ["method"]
    assert [row.kind for row in only_section([late, done, early]).rows] == ["method", "failed"]


@pytest.mark.parametrize(
    ("change", "remarks"),
    [
        ({"selection": {"on": "test"}}, ("checkpoint chosen on the evaluation split, which leaks",)),
        ({"selection": {"on": "held-out"}}, ()),
        ({"dataset": {"missing_images": 1}}, ("partial",)),
        ({"dataset": {"missing_triplets": 1}}, ("partial",)),
        ({"warnings": ["some library has an opinion"]}, ()),
    ],
    ids=str,
)
def test_a_row_that_is_less_than_it_seems_says_so(make, only_section, change, remarks):
    assert only_section([make(**change)]).rows[0].remarks == remarks


def test_the_headline_is_the_first_column_then_means_then_parts(make, only_section):
    keys = ["dress/R@50", "dress/R@10", "Rmean", "shirt/R@50", "mean/R@50", "shirt/R@10", "mean/R@10"]
    record = make(metrics=dict.fromkeys(keys, 1.0), headline="Rmean", n_queries={"dress": 5, "shirt": 6})
    section = only_section([record.model_copy(update={"n_queries": {"shirt": 6, "dress": 5}})])
    parts = ["mean/R@10", "mean/R@50", "dress/R@10", "dress/R@50", "shirt/R@10", "shirt/R@50"]
    assert list(section.columns) == ["Rmean", *parts]


@st.composite
def _cells(draw):
    return draw(
        st.lists(
            st.tuples(
                st.sampled_from(NAMES),
                st.integers(0, 3),
                st.floats(0, 100, allow_nan=False),
                st.sampled_from(["1", "2"]),
                st.booleans(),
                st.integers(0, 2),
            ),
            max_size=14,
        )
    )


@given(cells=_cells(), shuffle=st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(make, failed, cells, shuffle: random.Random):
    records = [
        (make if done else failed)(
            name, score, cell={"seed": seed}, ingredients={"method.version": version}, finished=f"2030-01-0{day + 1}"
        )
        for name, seed, score, version, done, day in cells
    ]
    expected = render(build(records))
    shuffle.shuffle(records)
    assert render(build(records)) == expected
    assert render(build([*records, *records])) == expected


@given(scores=st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.floats(0, 100, allow_nan=False), min_size=1))
def test_ranks_follow_the_headline(make, scores):
    (section,) = build([make(name, score) for name, score in scores.items()]).sections
    for row in section.rows:
        assert row.rank == 1 + sum(other > scores[row.method] for other in scores.values())
