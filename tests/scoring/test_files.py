from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.errors import DataError
from cir_bench.scoring.files import Predictions, read_predictions


def write(folder: Path, text: str, name: str = "predictions.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ids_come_back_as_strings(tmp_path: Path) -> None:
    assert read_predictions([write(tmp_path, '{"0": [12, "b"], "1": []}')]).ranked == {"0": ["12", "b"], "1": []}


def test_the_remarks_of_a_cirr_submission_name_no_query(tmp_path: Path) -> None:
    text = '{"version": "rc2", "metric": "recall", "12": ["dev-1-0-img0"]}'
    assert read_predictions([write(tmp_path, text)]) == Predictions({"12": ["dev-1-0-img0"]}, None)


def test_the_two_files_of_cirrs_server_are_told_apart_by_their_metric(tmp_path: Path) -> None:
    recall = write(tmp_path, '{"version": "rc2", "metric": "recall", "12": ["a", "b"]}', "recall.json")
    few = write(tmp_path, '{"version": "rc2", "metric": "recall_subset", "12": ["b"]}', "recall_subset.json")
    assert read_predictions([recall, few]) == Predictions({"12": ["a", "b"]}, {"12": ["b"]})
    assert read_predictions([few, recall]) == read_predictions([recall, few])


def test_queries_may_be_spread_over_files_but_not_stand_in_two(tmp_path: Path) -> None:
    dress, shirt = (write(tmp_path, f'{{"{part}-0": ["a"]}}', f"{part}.json") for part in ("dress", "shirt"))
    assert read_predictions([dress, shirt]).ranked == {"dress-0": ["a"], "shirt-0": ["a"]}
    again = write(tmp_path, '{"dress-0": []}', "again.json")
    with pytest.raises(DataError, match=r"again\.json holds the query id 'dress-0', which an earlier file has, too"):
        read_predictions([dress, again])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"q": ["a"], "q": ["b"]}', r"holds the query id 'q' more than once"),
        ("[1, 2]", r"must contain an object"),
        ('{"q": "a"}', r"query 'q' must be a list of image ids"),
        ('{"q": [["a"]]}', r"query 'q' lists \['a'\], which is not an image id"),
        ('{"q": [true]}', r"which is not an image id"),
        ('{"q": [1.5]}', r"which is not an image id"),
        ('{"q": [', r"is not JSON"),
        ("[" * 100_000, r"is not JSON"),
    ],
)
def test_other_files_are_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_predictions([write(tmp_path, text)])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.json cannot be read"):
        read_predictions([tmp_path / "nowhere.json"])


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"q": ["a", 7]}')
    assert read_predictions([tmp_path / "a.json"]).ranked == {"q": ["a", "7"]}
