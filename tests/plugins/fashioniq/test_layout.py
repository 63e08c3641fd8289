from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cir_bench import DataError, Query, Triplet
from cir_bench_fashioniq.dataset import FashionIQ

Open = Callable[[], FashionIQ]


def test_one_train_split_over_the_three_categories(fashioniq: Open) -> None:
    triplets = fashioniq().train()
    assert [triplet.part for triplet in triplets] == ["dress"] * 3 + ["shirt"] * 3 + ["toptee"] * 3
    assert triplets[0] == Triplet("dresstrain0", ("is 0", "is red."), "dresstrain1", "dress")


def test_query_ids_are_category_and_index_in_the_caption_file(fashioniq: Open) -> None:
    queries = fashioniq().queries("val")
    assert [query.id for query in queries][:4] == ["dress-0", "dress-1", "dress-2", "shirt-0"]
    assert queries[1] == Query("dress-1", "dressval1", ("is 1", "is red."), ("dressval2",), "dress")


def test_captions_come_as_annotated(fashioniq: Open) -> None:
    assert fashioniq().queries("val")[0].captions == ("is 0", "is red.")


def test_hidden_targets_of_test_are_empty(fashioniq: Open) -> None:
    assert {query.targets for query in fashioniq().queries("test")} == {()}


def test_the_gallery_is_the_split_file_in_its_order(fashioniq: Open) -> None:
    assert fashioniq().gallery("val", "shirt") == [f"shirtval{i}" for i in range(6)]


def test_images_are_png_or_jpg(fashioniq: Open) -> None:
    dataset = fashioniq()
    assert [dataset.has(f"dressval{i}") for i in range(7)] == [True] * 6 + [False]
    assert dataset.open("dressval1").getpixel((0, 0)) == (40, 0, 0)
    assert dataset.open("dressval2").size == (4, 4)
    assert dataset.digest("dressval1") != dataset.digest("dressval3")


def test_a_missing_image_is_named(fashioniq: Open, data_root: Path) -> None:
    (data_root / "fashioniq" / "images" / "shirtval0.jpg").unlink()
    with pytest.raises(DataError, match=r"images/shirtval0\.png is missing"):
        fashioniq().open("shirtval0")


def test_provenance_follows_the_annotation_files(fashioniq: Open, data_root: Path) -> None:
    before = fashioniq().provenance()
    assert set(before) == {
        *(f"cap.{category}.{split}.json" for category in FashionIQ.parts for split in ("train", "val")),
        *(f"split.{category}.val.json" for category in FashionIQ.parts),
    }
    file = data_root / "fashioniq" / "captions" / "cap.dress.val.json"
    file.write_text(file.read_text() + "\n")
    changed = {name for name, digest in fashioniq().provenance().items() if digest != before[name]}
    assert changed == {"cap.dress.val.json"}


def test_a_spelling_dictionary_is_read_where_others_publish_it(fashioniq: Open, data_root: Path) -> None:
    folder = data_root / "image_captions" / "fashioniq"
    folder.mkdir(parents=True)
    (folder / "correction_dict_dress.json").write_text('{"Lonf": "long"}')
    assert not [name for name in fashioniq().provenance() if "correction" in name]
    assert fashioniq().spelling("correction_dict", "dress") == {"lonf": "long"}
    with pytest.raises(DataError, match=r"correction_dict_shirt\.json is missing; put it there"):
        fashioniq().spelling("correction_dict", "shirt")


@pytest.mark.parametrize("name", ["captions/cap.shirt.val.json", "image_splits/split.shirt.val.json"])
def test_a_missing_annotation_file_is_named_with_its_source(name: str, fashioniq: Open, data_root: Path) -> None:
    (data_root / "fashioniq" / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing; copy captions/ and image_splits/ of https://github.com"):
        _read_everything(fashioniq())


def test_an_unknown_split_and_part_are_refused(fashioniq: Open) -> None:
    with pytest.raises(DataError, match="FashionIQ has no split 'vl'; did you mean 'val'"):
        fashioniq().queries("vl")
    with pytest.raises(DataError, match="FashionIQ has no split 'vl'"):
        fashioniq().gallery("vl", "dress")
    with pytest.raises(DataError, match="a gallery per category"):
        fashioniq().gallery("val")


GOOD: dict[str, Any] = {"target": "t", "candidate": "c", "captions": ["x", "y"]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "must contain a JSON list"),
        ("[3]", "record 0: an object with candidate, captions and target was expected"),
        (json.dumps([GOOD, GOOD | {"captions": "x"}]), "record 1: 'captions' must be a list of strings, not 'x'"),
        (json.dumps([GOOD | {"captions": []}]), "record 0: 'captions' must be a list of strings"),
        (json.dumps([{"target": "t", "captions": ["x"]}]), "0: 'candidate' must be letters and digits, not None"),
        (json.dumps([{"candidate": "c", "captions": ["x"]}]), "0: 'target' must be letters and digits, not None"),
        (json.dumps([GOOD | {"candidate": "../../etc/passwd"}]), "'candidate' must be letters and digits"),
        (json.dumps([GOOD | {"target": 7}]), "'target' must be letters and digits, not 7"),
    ],
)
def test_a_wrong_caption_file_is_one_sentence(
    content: str, sentence: str, one_sentence, fashioniq: Open, data_root: Path
) -> None:
    (data_root / "fashioniq" / "captions" / "cap.dress.val.json").write_text(content)
    one_sentence(lambda: fashioniq().queries("val"), sentence, "cap.dress.val.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('["a", "b", "a"]', "lists the image 'a' more than once"),
        ('{"a": 1}', "must contain a JSON list"),
        ('["a", "b/../c"]', "record 1: an image id must be letters and digits"),
    ],
)
def test_a_wrong_split_file_is_one_sentence(content: str, sentence: str, fashioniq: Open, data_root: Path) -> None:
    (data_root / "fashioniq" / "image_splits" / "split.dress.val.json").write_text(content)
    with pytest.raises(DataError, match=sentence):
        fashioniq().gallery("val", "dress")


def _read_everything(dataset: FashionIQ) -> None:
    dataset.queries("val")
    for part in dataset.parts:
        dataset.gallery("val", part)


@pytest.mark.parametrize("suffix", [".jpeg", ".webp", ".JPG", ".PNG"])
def test_images_may_have_other_suffixes(suffix: str, fashioniq: Open, data_root: Path) -> None:
    path = data_root / "fashioniq" / "images" / "shirtval0.jpg"
    path.rename(path.with_suffix(suffix))
    assert fashioniq().has("shirtval0")
    assert fashioniq().file("shirtval0").suffix == suffix


def test_a_missing_image_is_named_with_what_is_there(fashioniq: Open, data_root: Path) -> None:
    path = data_root / "fashioniq" / "images" / "shirtval0.jpg"
    path.rename(path.with_name("shirtval0 (1).jpg"))
    with pytest.raises(DataError, match=r"shirtval0\.png is missing \(its folder has shirtval0 \(1\)\.jpg, "):
        fashioniq().open("shirtval0")
