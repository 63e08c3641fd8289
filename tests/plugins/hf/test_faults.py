"""What is no such data set is refused in a sentence, and nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from cir_bench import Context, DataError
from cir_bench_hf import HfParams
from cir_bench_hf.dataset import Hf

QUERY = {"id": "q", "reference": "a", "captions": ["x"], "targets": ["b"], "part": ""}
QUERY |= {"subset": [], "gains": [{"image": "b", "gain": 1.0}], "tags": [""]}
IMAGE = {"image_id": "a", "parts": [""], "places": [0], "side_text": "x"}
CARD = """---
configs:
- config_name: queries
  data_files: [{split: val, path: queries.jsonl}]
- config_name: gallery
  data_files: [{split: val, path: gallery.jsonl}]
---
"""


@pytest.fixture
def opened(tmp_path: Path, context: Context) -> Callable[..., Hf]:
    """A data set with these rows (as JSON lines: `datasets` takes any of its forms)."""

    def make(queries: list[dict[str, Any]], gallery: list[dict[str, Any]]) -> Hf:
        root = tmp_path / "set"
        root.mkdir(exist_ok=True)
        (root / "README.md").write_text(CARD)
        for name, rows in (("queries", queries), ("gallery", gallery)):
            datasets.Dataset.from_list(rows).to_json(root / f"{name}.jsonl")
        return Hf(HfParams(path=str(root)), context)

    return make


@pytest.mark.parametrize("path", ["nowhere", "/no/such/folder", "../up", "a/b/c", "file:///etc"])
def test_what_is_no_folder_and_no_repository_is_refused(path: str, context: Context) -> None:
    with pytest.raises(
        DataError, match=r"is neither a folder nor the name of a repository; write hf:PATH or hf:OWNER/NAME"
    ):
        Hf(HfParams(path=path), context)


def test_a_folder_that_is_no_data_set_is_refused(tmp_path: Path, context: Context) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match=r"cannot be read|has no table 'queries'"):
        Hf(HfParams(path=str(tmp_path)), context).queries("auto")


def test_a_script_is_not_run(tmp_path: Path, context: Context) -> None:
    root = tmp_path / "evil"
    root.mkdir()
    (root / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DataError):
        Hf(HfParams(path=str(root)), context).queries("auto")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": None}, "row 0: 'id' must be a non-empty string, not None"),
        ({"id": ""}, "row 0: 'id' must be a non-empty string, not ''"),
        ({"targets": "b"}, "row 0: 'targets' must be a list of strings, not 'b'"),
        ({"captions": [3]}, "row 0: 'captions' must be a list of strings, not [3]"),
        ({"part": None}, "row 0: 'part' must be a string, not None"),
        ({"gains": [{"image": "b", "gain": float("nan")}]}, "row 0: 'gains' must"),
        ({"gains": [{"image": None, "gain": 1.0}]}, "row 0: 'gains' must name each image once, with a finite number"),
        ({"gains": [{"image": "b", "gain": 1.0}] * 2}, "row 0: 'gains' must name each image once"),
        ({"context": ["b"]}, "row 0: 'context' must be a list of name and text"),
        ({"context": [{"name": "concept", "text": None}]}, "row 0: 'context' must be a list of name and text"),
        ({"captions": []}, "row 0: 'captions' is empty; give at least one"),
        ({"targets": ["b", "b"]}, "row 0: 'targets' lists an image more than once"),
        ({"gains": ["b"]}, "row 0: 'gains' must be a list of image and gain, not ['b']"),
    ],
)
def test_a_wrong_row_is_named(change: dict[str, Any], sentence: str, opened: Callable[..., Hf]) -> None:
    with pytest.raises(DataError) as caught:
        opened([QUERY | change], [IMAGE])
    assert sentence in str(caught.value) and "split 'val'" in str(caught.value)


def test_a_missing_column_is_named(opened: Callable[..., Hf]) -> None:
    with pytest.raises(DataError, match=r"the table 'queries' of .* lacks the column 'subset' in split 'val'"):
        opened([{key: value for key, value in QUERY.items() if key != "subset"}], [IMAGE])


def test_repeated_ids_are_refused(opened: Callable[..., Hf]) -> None:
    with pytest.raises(DataError, match=r"row 1: the query id 'q' is used twice"):
        opened([QUERY, QUERY], [IMAGE])
    with pytest.raises(DataError, match=r"row 1: the image 'a' is listed twice in split 'val'"):
        opened([QUERY], [IMAGE, IMAGE | {"places": [1]}]).has("a")


def test_places_must_fit_parts(opened: Callable[..., Hf]) -> None:
    with pytest.raises(DataError, match=r"row 0: 'parts' and 'places' must be lists of the same length"):
        opened([QUERY], [IMAGE | {"places": [0, 1]}]).gallery("val")


@pytest.mark.parametrize("places", [[None], [0.5], ["0"], None])
def test_places_must_be_whole_numbers(places: Any, opened: Callable[..., Hf]) -> None:
    with pytest.raises(
        DataError, match=r"row 0: 'parts' and 'places' must be lists of the same length, of strings and of whole"
    ):
        opened([QUERY], [IMAGE | {"places": places}]).gallery("val")


def test_a_side_text_must_be_a_text(opened: Callable[..., Hf]) -> None:
    with pytest.raises(DataError, match=r"row 0: 'side_text' must be a string, not 3"):
        opened([QUERY], [IMAGE | {"side_text": 3}]).side_text("a")


def test_a_folder_has_no_revision(tmp_path: Path, context: Context) -> None:
    with pytest.raises(DataError, match=r"is a folder and has no revision 'v1'; leave dataset\.revision out"):
        Hf(HfParams(path=str(tmp_path), revision="v1"), context)


def test_a_file_of_another_form_is_told_with_its_reason_and_nothing_else(
    opened: Callable[..., Hf], tmp_path: Path, context: Context, capfd: pytest.CaptureFixture[str]
) -> None:
    opened([QUERY], [IMAGE])
    (tmp_path / "set" / "queries.jsonl").write_text("{broken")
    capfd.readouterr()
    with pytest.raises(DataError, match=r"the table 'queries' of .* cannot be read \((?!An error occurred).*JSON"):
        Hf(HfParams(path=str(tmp_path / "set")), context)
    assert capfd.readouterr().err == ""


def test_without_queries_the_card_is_named(opened: Callable[..., Hf], tmp_path: Path, context: Context) -> None:
    opened([QUERY], [IMAGE])
    (tmp_path / "set" / "README.md").write_text("# no head\n")
    (tmp_path / "set" / "gallery.jsonl").unlink()
    with pytest.raises(DataError, match=r"has no table 'queries'; its tables are those that README\.md's head names"):
        Hf(HfParams(path=str(tmp_path / "set")), context).queries("auto")


def test_an_unknown_part_is_refused(opened: Callable[..., Hf]) -> None:
    with pytest.raises(DataError, match="has no gallery for part 'dress'"):
        opened([QUERY], [IMAGE]).gallery("val", "dress")


def test_a_path_in_an_image_is_never_followed(opened: Callable[..., Hf], tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG")
    dataset = opened([QUERY], [IMAGE | {"image": {"bytes": None, "path": str(secret)}}])
    assert not dataset.has("a")
    with pytest.raises(DataError, match=r"the image 'a' of .* has no pixels"):
        dataset.open("a")


def test_broken_bytes_are_named(opened: Callable[..., Hf], monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = opened([QUERY], [IMAGE])
    monkeypatch.setattr(dataset, "_pixels", lambda place: b"no picture")
    with pytest.raises(DataError, match=r"The image a of .*set cannot be decoded"):
        dataset.open("a")
