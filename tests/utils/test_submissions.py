"""What every data set's submission check shares: the JSON object and the ranked lists in it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from cir_bench.utils import Mistakes, check_lists, json_object


@pytest.fixture
def mistakes() -> Mistakes:
    return defaultdict(list)


def test_an_object_is_read_without_a_mistake(mistakes: Mistakes) -> None:
    assert json_object('{"a": [1], "é": null}'.encode(), mistakes) == {"a": [1], "é": None}
    assert not mistakes


def test_every_repetition_of_a_key_is_a_mistake_at_any_depth(mistakes: Mistakes) -> None:
    assert json_object(b'{"a": 1, "a": 2, "a": {"b": 1, "b": 1}}', mistakes) == {"a": {"b": 1}}
    assert sorted(mistakes["duplicate key"]) == ["'a'", "'a'", "'b'"]


@pytest.mark.parametrize(
    ("data", "kind", "where"),
    [
        (b'{"a": 1, 12: 2}', "key not a string", "line 1 column 10"),
        (b"{a: 1}", "not JSON", "line 1 column 2"),
        (b'{"a": 1,}', "not JSON", "line 1 column"),
        (b'{"a": -Infinity}', "not JSON", "number -Infinity is not finite"),
        (b'{"a": "\xff"}', "not JSON", "position 7"),
        (b"[" * 200_000, "not JSON", "nested too deeply"),
        (b"3", "not a JSON object", "it contains a int"),
    ],
)
def test_what_is_no_object_is_one_mistake_that_says_where(
    data: bytes, kind: str, where: str, mistakes: Mistakes
) -> None:
    assert json_object(data, mistakes) is None
    ((found, (said,)),) = mistakes.items()
    assert found == kind
    assert where in said


def checked(lists: dict[str, Any], mistakes: Mistakes, image_type: type[str] | type[int] = str) -> dict[str, list[str]]:
    def mistake_of(query: str, image: Any) -> str | None:
        return "bad image" if image in {"bad", 13} else None

    check_lists(lists, mistakes, lengths=[2, 3], image_type=image_type, mistake_of=mistake_of)
    return dict(mistakes)


def test_right_lists_have_no_mistakes(mistakes: Mistakes) -> None:
    assert checked({"q": ["a", "b"], "p": ["a", "b", "c"]}, mistakes) == {}


def test_each_mistake_says_which_query_and_which_image(mistakes: Mistakes) -> None:
    lists = {"q": {"a": 1}, "r": ["a"], "s": ["a", "a", "a"], "t": [1, None], "u": ["bad", "a"]}
    assert checked(lists, mistakes) == {
        "not a list": ["q contains {'a': 1}"],
        "wrong length": ["r lists 1, not 2 or 3"],
        "duplicate image": ["s lists a 3 times"],
        "image not a string": ["t lists 1", "t lists None"],
        "bad image": ["u lists bad"],
    }


def test_numbers_are_whole_and_truth_values_are_none(mistakes: Mistakes) -> None:
    assert checked({"q": [True, 1.0, 13]}, mistakes, int) == {
        "image not a whole number": ["q lists True", "q lists 1.0"],
        "bad image": ["q lists 13"],
    }


def test_what_a_file_holds_is_told_in_a_few_characters(mistakes: Mistakes) -> None:
    long = "x" * 10_000
    checked({long: [long, long], "q": long, "r": [[long], "bad"]}, mistakes)
    assert max(len(said) for found in mistakes.values() for said in found) < 120


def test_a_byte_order_mark_is_named() -> None:
    mistakes: Mistakes = defaultdict(list)
    assert json_object(b'\xef\xbb\xbf{"a": 1}', mistakes) == {"a": 1}
    assert mistakes == {"not JSON": ["it begins with a byte order mark; save it as UTF-8 without BOM"]}
