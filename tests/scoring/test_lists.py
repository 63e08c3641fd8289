from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.errors import DataError
from cir_bench.evaluation.measure import measure
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.scoring.lists import ListedPart, ListReport, rank_lists

GALLERY = ["a", "b", "c", "d", "e"]


def part(*targets: str, excluded: tuple[tuple[str, ...], ...] = ()) -> ListedPart:
    return ListedPart(
        QuerySet(tuple(f"q{i}" for i in range(len(targets))), tuple((t,) for t in targets), excluded),
        frozenset(GALLERY),
    )


def rank(
    predictions: dict[str, list[str]], benchmark: ListedPart, depth: int = 5, allow_partial: bool = False
) -> tuple[Ranking, ListReport]:
    rankings, report = rank_lists(predictions, {"": benchmark}, depth=depth, allow_partial=allow_partial)
    return rankings[""], report


def test_ranks_are_places_in_the_list() -> None:
    ranking, report = rank({"q0": ["b", "a", "c", "d", "e"], "q1": ["e", "d", "c", "b", "a"]}, part("a", "e"))
    assert ranking.better.tolist() == [1, 0]
    assert ranking.tied.tolist() == [0, 0]
    assert measure(ranking, ["R@1", "R@2"]).metrics == {"R@1": 50, "R@2": 100}
    assert not report.faults()
    assert report.faults() == report.notes() == []


def test_an_excluded_image_is_dropped_by_id_and_reported() -> None:
    ranking, report = rank({"q0": ["b", "a", "c", "d", "e"]}, part("a", excluded=(("b", "not there"),)))
    assert ranking.better.tolist() == [0]
    assert ranking.n_candidates.tolist() == [4]
    assert report.excluded_images == {"q0": ["b"]}
    assert not report.faults()
    assert "1 queries list an image that the protocol excludes" in report.notes()[0]


def test_listing_an_excluded_image_or_not_makes_no_difference() -> None:
    benchmark = part("c", excluded=(("b",),))
    with_it, _ = rank({"q0": ["b", "a", "c", "d", "e"]}, benchmark)
    without_it, _ = rank({"q0": ["a", "c", "d", "e"]}, benchmark)
    assert with_it.better.tolist() == without_it.better.tolist() == [1]


@pytest.mark.parametrize("listed", [["b", "c"], []])
def test_a_list_shorter_than_the_metrics_look_is_refused_with_its_length_and_the_length_needed(
    listed: list[str],
) -> None:
    sentence = f"1 queries list fewer candidates than .*: q0 lists {len(listed)}, 4 are needed"
    with pytest.raises(DataError, match=sentence):
        rank({"q0": listed}, part("a"), depth=4)


def test_when_allowed_a_target_behind_the_end_of_a_short_list_is_a_miss_and_the_result_partial() -> None:
    ranking, report = rank({"q0": ["b", "c"]}, part("a"), depth=9, allow_partial=True)
    assert measure(ranking, ["R@5"]).metrics["R@5"] == 0
    assert report.short_lists == {"q0": (2, 5)}
    assert report.faults()


def test_an_excluded_image_does_not_make_a_list_longer() -> None:
    with pytest.raises(DataError, match="q0 lists 1, 2 are needed"):
        rank({"q0": ["a", "b"]}, part("a", excluded=(("b",),)), depth=2)


def test_a_list_of_every_candidate_is_not_short() -> None:
    _, report = rank({"q0": ["a", "c", "d", "e"]}, part("a", excluded=(("b",),)), depth=50)
    assert report.short_lists == {} and not report.faults()


@pytest.mark.parametrize(
    ("predictions", "sentence"),
    [
        ({"q0": ["a"]}, r"1 of 2 queries have no prediction: q1\."),
        ({"q0": ["a"], "q1": ["a"], "q9": ["a"]}, r"1 predicted queries are not in the benchmark: q9\."),
        ({"q0": ["zebra"], "q1": ["a"]}, r"1 queries list images that are not in the gallery: zebra \(query q0\)\."),
        ({"q0": ["a", "b", "a"], "q1": ["a"]}, r"1 queries list an image more than once: a \(query q0\)\."),
    ],
)
def test_each_fault_is_one_sentence_with_examples(predictions: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        rank(predictions, part("a", "b"))


def test_all_faults_are_told_at_once_with_three_examples_each() -> None:
    benchmark = part(*"abcde")
    with pytest.raises(DataError) as caught:
        rank({"q0": ["zebra", "a", "a"], "other": []}, benchmark)
    message = str(caught.value)
    assert "4 of 5 queries have no prediction: q1, q2, q3, …." in message
    assert all(text in message for text in ("other", "zebra (query q0)", "a (query q0)"))


def test_allow_partial_counts_missing_queries_as_misses() -> None:
    predictions = {"q0": ["zebra", "b", "b", "a"], "other": ["a"]}
    ranking, report = rank(predictions, part("a", "b"), depth=2, allow_partial=True)
    assert not report.short_lists
    assert report.faults()
    assert ranking.better.tolist() == [1, -1]
    assert measure(ranking, ["R@5"]).metrics["R@5"] == 50


def test_query_ids_of_other_parts_are_not_unknown() -> None:
    dress = ListedPart(QuerySet(("dress-0",), (("a",),)), frozenset("ab"))
    shirt = ListedPart(QuerySet(("shirt-0",), (("c",),)), frozenset("cd"))
    rankings, report = rank_lists(
        {"dress-0": ["a", "b"], "shirt-0": ["d", "c"]}, {"dress": dress, "shirt": shirt}, depth=1
    )
    assert report.n_queries == 2
    assert measure(rankings, ["R@1"]).metrics == {"dress/R@1": 100, "shirt/R@1": 0, "mean/R@1": 50}


def test_an_image_of_another_parts_gallery_is_unknown() -> None:
    dress = ListedPart(QuerySet(("dress-0",), (("a",),)), frozenset("ab"))
    shirt = ListedPart(QuerySet(("shirt-0",), (("c",),)), frozenset("cd"))
    with pytest.raises(DataError, match=r"c \(query dress-0\)"):
        rank_lists({"dress-0": ["c"], "shirt-0": ["c"]}, {"dress": dress, "shirt": shirt}, depth=1)


def test_the_same_query_id_in_two_parts_is_refused() -> None:
    with pytest.raises(DataError, match="'q0'"):
        rank_lists({"q0": ["a"]}, {"x": part("a"), "y": part("a")}, depth=1)


def test_a_subset_ranking_passes_over_everything_else() -> None:
    queries = QuerySet(("q0",), (("d",),), (("b",),))
    benchmark = ListedPart(queries, frozenset(GALLERY), candidates=[{"b", "d", "e"}])
    ranking, report = rank({"q0": ["a", "b", "c", "e", "d"]}, benchmark, depth=3)
    assert (ranking.better.tolist(), ranking.n_candidates.tolist()) == ([1], [2])
    assert not report.faults()
    assert report.short_subsets == {}


def test_a_subset_ranking_needs_enough_of_the_querys_own_candidates() -> None:
    benchmark = ListedPart(QuerySet(("q0",), (("d",),)), frozenset(GALLERY), candidates=[{"b", "d", "e"}])
    with pytest.raises(DataError, match=r"of their own few candidates than .*: q0 lists 1, 2 are needed"):
        rank({"q0": ["a", "b", "c"]}, benchmark, depth=2)


def test_whole_numbers_are_ids_too() -> None:
    benchmark = ListedPart(QuerySet(("0",), (("12",),)), frozenset({"7", "12"}))
    rankings, _ = rank_lists({"0": [12, 7]}, {"": benchmark}, depth=1)
    assert rankings[""].better.tolist() == [0]


@pytest.mark.parametrize("strange", [None, "ab", {"a": 1}, {"a"}, 3], ids=["null", "text", "object", "set", "number"])
@pytest.mark.parametrize("other", [["a", "b"], ["a", "x"]], ids=["sound", "unknown image"])
def test_what_is_no_list_is_refused_by_name_whatever_the_other_lists_are(strange: Any, other: list[str]) -> None:
    with pytest.raises(DataError, match=r"query 'q1' must be a list of image ids, not "):
        rank({"q0": other, "q1": strange}, part("a", "a"), depth=2, allow_partial=True)


@pytest.mark.parametrize("strange", [["a"], None, 1.5, True], ids=["list", "null", "fraction", "truth"])
def test_what_is_no_image_id_is_refused_by_name(strange: Any) -> None:
    with pytest.raises(DataError, match=r"query 'q1' lists .* is not an image id"):
        rank({"q0": ["a", "b"], "q1": ["a", strange]}, part("a", "a"), depth=2, allow_partial=True)


images = st.sampled_from([*GALLERY, "x", "y"])


@given(st.lists(st.none() | st.lists(images, max_size=7), min_size=1, max_size=4), st.data())
def test_every_lists_ranks_and_faults_are_those_of_going_through_it(
    lists: list[list[str] | None], data: st.DataObject
) -> None:
    targets = [data.draw(st.lists(images, unique=True, max_size=3)) for _ in lists]
    excluded = [data.draw(st.lists(images, max_size=2)) for _ in lists]
    ids = tuple(f"q{i}" for i in range(len(lists)))
    queries = QuerySet(ids, tuple(map(tuple, targets)), tuple(map(tuple, excluded)))
    given_lists = {query: ranked for query, ranked in zip(ids, lists, strict=True) if ranked is not None}
    ranking, report = rank(given_lists, ListedPart(queries, frozenset(GALLERY)), depth=3, allow_partial=True)
    expected = []
    for row, (query, ranked) in enumerate(zip(queries.ids, lists, strict=True)):
        kept = [image for image in dict.fromkeys(ranked or ()) if image in GALLERY and image not in excluded[row]]
        expected += [kept.index(target) if target in kept else -1 for target in targets[row]]
        there = ranked or []
        assert (query in report.missing_queries) == (ranked is None)
        assert set(report.unknown_images.get(query, ())) == set(there) - set(GALLERY)
        assert set(report.repeated_images.get(query, ())) == {image for image in there if there.count(image) > 1}
        assert set(report.excluded_images.get(query, ())) == set(there) & set(excluded[row]) & set(GALLERY)
        candidates = len(set(GALLERY) - set(excluded[row]))
        short = ranked is not None and len(kept) < min(3, candidates)
        assert report.short_lists.get(query) == ((len(kept), min(3, candidates)) if short else None)
    assert ranking.better.tolist() == expected


@pytest.mark.parametrize("strange", [None, "ab", [["a"]], 3])
def test_predictions_that_name_no_queries_are_refused(strange: Any) -> None:
    with pytest.raises(DataError, match=r"Predictions must be \{query id: \[image ids, best first\]\}, not "):
        rank(strange, part("a"))


def lists_over(gallery: list[str], n_queries: int, length: int = 50) -> dict[str, list[str]]:
    """Lists of some of these images, each query's in another order."""
    return {f"q{i}": [gallery[(7 * i + j) % len(gallery)] for j in range(length)] for i in range(n_queries)}


@pytest.mark.parametrize(
    ("made_over", "sentence"),
    [
        (range(80), "any of the 120 gallery images that are not references, 20 of them targets"),
        (range(60, 100), "any of the 160 gallery images that are not targets"),
        (range(100), "any of the 100 gallery images that are not references or targets"),
    ],
)
def test_rankings_of_a_smaller_gallery_are_told_apart(made_over: range, sentence: str) -> None:
    images = [f"i{n}" for n in range(200)]  # 0 to 79 are references, 60 to 99 targets
    references, targets = (images * 2)[:80], [images[60 + i % 40] for i in range(80)]
    queries = QuerySet(tuple(f"q{i}" for i in range(80)), tuple((target,) for target in targets))
    benchmark = ListedPart(queries, frozenset(images), tuple(references))
    lists = lists_over([images[n] for n in made_over], 80, length=min(50, len(made_over)))
    _, report = rank(lists, benchmark, depth=10, allow_partial=True)
    assert [fault for fault in report.faults() if f"No list has {sentence}" in fault]
    with pytest.raises(DataError, match="seem to rank another gallery than the protocol's 200 images"):
        rank(lists, benchmark, depth=10)
    _, whole = rank(lists_over(images, 80), benchmark, depth=10)
    assert not whole.faults()


def test_a_few_lists_or_images_say_nothing_about_the_gallery() -> None:
    images = [f"i{n}" for n in range(200)]
    queries = QuerySet(("q0", "q1"), (("i0",), ("i1",)))
    _, report = rank(lists_over(images[:20], 2, 20), ListedPart(queries, frozenset(images), ("i0", "i1")), depth=20)
    assert not report.faults()
    most = ListedPart(queries, frozenset(images), tuple(images[:197]))
    _, report = rank({f"q{i}": images[:197] for i in range(2)}, most, depth=50)
    assert not report.faults()
