from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import DataError, Query, Triplet
from cir_bench_cirr.dataset import CIRR

Open = Callable[[], CIRR]
TARGET, MEMBERS = "dev-1-0-img1", tuple(f"dev-{i}-0-img1" for i in range(6))


def test_a_query_is_a_pairid_with_its_group_less_the_reference_and_its_soft_targets(cirr: Open) -> None:
    assert cirr().queries("val")[0] == Query(
        "100",
        MEMBERS[0],
        ("show 0 dogs",),
        (TARGET,),
        subset=MEMBERS[1:],
        gains={TARGET: 1.0, "dev-6-0-img1": 0.5, "dev-7-0-img1": -1.0},
    )


def test_the_targets_of_test1_are_hidden_and_its_subsets_are_not(cirr: Open) -> None:
    queries = cirr().queries("test1")
    assert [query.targets for query in queries] == [()] * 3
    assert [dict(query.gains) for query in queries] == [{}] * 3
    assert [len(query.subset) for query in queries] == [5] * 3


def test_train_is_the_training_caption_file(cirr: Open) -> None:
    assert cirr().train()[0] == Triplet("train-0-0-img1", ("show 0 dogs",), "train-1-0-img1")
    assert "train" not in cirr().provenance()


def test_the_list_of_dqu_cir_stands_in_for_an_absent_training_file_and_provenance_says_so(
    cirr: Open, root: Path
) -> None:
    (root / "captions" / "cap.rc2.train.json").unlink()
    (root / "derived").mkdir()
    entry = {"index": 0, "reference": "train-3-0-img1", "target_hard": "train-4-0-img1", "caption": "two cats"}
    (root / "derived" / "train_triplets_from_dqu_cir.json").write_text(json.dumps([entry]))
    assert cirr().train() == [Triplet("train-3-0-img1", ("two cats",), "train-4-0-img1")]
    facts = cirr().provenance()
    assert facts["train"] == "train_triplets_from_dqu_cir.json, since cap.rc2.train.json is absent"
    assert "train_triplets_from_dqu_cir.json" in facts and "cap.rc2.train.json" not in facts


def test_the_official_training_file_comes_first(cirr: Open, root: Path) -> None:
    (root / "derived").mkdir()
    (root / "derived" / "train_triplets_from_dqu_cir.json").write_text("[]")
    assert len(cirr().train()) == 3
    assert not [name for name in cirr().provenance() if "dqu" in name]


def test_the_gallery_is_every_name_of_the_split_file_in_its_order(cirr: Open) -> None:
    assert cirr().gallery("val") == [f"dev-{i}-0-img1" for i in range(8)]


@pytest.mark.parametrize("base", ["", "img_raw", "images"])
@pytest.mark.parametrize("folder", ["train/34", "train", ""])
@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_images_are_found_in_every_layout(base: str, folder: str, extension: str, cirr: Open, root: Path) -> None:
    for place in ("train", "dev", "test1"):
        shutil.rmtree(root / place)
    assert not cirr().has("train-3-0-img1")
    path = root / base / folder / f"train-3-0-img1.{extension}"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (5, 3), (90, 90, 90)).save(path)
    dataset = cirr()
    assert dataset.has("train-3-0-img1")
    assert dataset.open("train-3-0-img1").size == (5, 3)
    assert dataset.file("train-3-0-img1") == path
    assert len(dataset.digest("train-3-0-img1")) == 40


def test_a_missing_image_is_named_by_its_official_place(cirr: Open, root: Path) -> None:
    (root / "dev" / f"{TARGET}.png").unlink()
    with pytest.raises(DataError, match=rf"cirr/dev/{TARGET}\.png is missing"):
        cirr().open(TARGET)
    with pytest.raises(DataError, match=r"'dev-9-0-img1' is not an image of CIRR: no file in .*image_splits lists it"):
        cirr().open("dev-9-0-img1")


def test_images_of_a_split_whose_file_is_absent_are_not_known_and_the_others_are(cirr: Open, root: Path) -> None:
    (root / "image_splits" / "split.rc2.train.json").unlink()
    assert (cirr().has("train-3-0-img1"), cirr().has(TARGET)) == (False, True)


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"train-3-0-img1": "../../etc/passwd"}'])
def test_so_are_those_of_a_split_whose_file_is_broken_which_is_said(content: str, cirr: Open, root: Path) -> None:
    (root / "image_splits" / "split.rc2.train.json").write_text(content)
    assert (cirr().has("train-3-0-img1"), cirr().has(TARGET)) == (False, True)
    assert len(cirr().queries("val")) == 3
    with pytest.raises(DataError, match=r"no file in .*image_splits lists it \(.*split\.rc2\.train\.json"):
        cirr().file("train-3-0-img1")
    with pytest.raises(DataError, match=r"split\.rc2\.train\.json"):
        cirr().gallery("train")


def test_provenance_follows_the_annotation_files(cirr: Open, root: Path) -> None:
    before = cirr().provenance()
    assert set(before) == {f"{kind}.rc2.{s}.json" for kind in ("cap", "split") for s in ("train", "val", "test1")}
    file = root / "captions" / "cap.rc2.val.json"
    file.write_text(file.read_text() + "\n")
    changed = {name for name, digest in cirr().provenance().items() if digest != before[name]}
    assert changed == {"cap.rc2.val.json"}


@pytest.mark.parametrize("name", ["captions/cap.rc2.val.json", "image_splits/split.rc2.val.json"])
def test_a_missing_annotation_file_is_named_with_its_source(name: str, cirr: Open, root: Path) -> None:
    (root / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing; copy it from the branch cirr_dataset of https://github"):
        cirr().queries("val"), cirr().gallery("val")


def test_without_any_training_file_both_are_named(cirr: Open, root: Path) -> None:
    (root / "captions" / "cap.rc2.train.json").unlink()
    with pytest.raises(DataError, match=r"cap\.rc2\.train\.json is missing, and so is derived/train_triplets_from_dqu"):
        cirr().train()
    assert len(cirr().queries("val")) == 3


@pytest.mark.parametrize("gone", [0, 1, 5, 6])  # a reference, a target, a member, an image of target_soft
def test_an_image_that_the_split_file_lacks_is_named(gone: int, cirr: Open, root: Path) -> None:
    path = root / "image_splits" / "split.rc2.val.json"
    listed = json.loads(path.read_text())
    del listed[f"dev-{gone}-0-img1"]
    path.write_text(json.dumps(listed))
    with pytest.raises(DataError, match=rf"val\.json, record 0: dev-{gone}-0-img1 is not in split\.rc2\.val\.json"):
        cirr().queries("val")
    path.unlink()
    assert len(cirr().queries("val")) == 3


def test_two_paths_for_one_image_are_refused(cirr: Open, root: Path) -> None:
    path = root / "image_splits" / "split.rc2.test1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dev-0-0-img1": "./test1/dev-0-0-img1.png"}))
    with pytest.raises(DataError, match=r"test1\.json: another split file has another path for dev-0-0-img1"):
        cirr().has("dev-0-0-img1")


def test_an_unknown_split_is_refused(cirr: Open) -> None:
    with pytest.raises(DataError, match="CIRR has no split 'test'; did you mean 'test1'"):
        cirr().queries("test")
    with pytest.raises(DataError, match="CIRR has no split 'test'"):
        cirr().gallery("test")


GOOD: dict[str, Any] = {
    "pairid": 1,
    "reference": "a",
    "target_hard": "b",
    "target_soft": {"b": 1.0},
    "caption": "x",
    "img_set": {"members": ["a", "b"]},
}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "must contain a JSON list"),
        ("[3]", "record 0: an object was expected, not 3"),
        (json.dumps([GOOD, GOOD]), "has the pairid 1 more than once"),
        (json.dumps([GOOD | {"pairid": "1"}]), "record 0: 'pairid' must be a whole number, not '1'"),
        (json.dumps([GOOD | {"pairid": True}]), "record 0: 'pairid' must be a whole number"),
        (json.dumps([GOOD | {"reference": "../../etc/passwd"}]), "record 0: 'reference' must be an image name"),
        (json.dumps([GOOD | {"target_hard": None}]), "record 0: 'target_hard' must be an image name"),
        (json.dumps([GOOD | {"caption": ["x"]}]), "record 0: 'caption' must be a string, not ['x']"),
        (json.dumps([GOOD | {"target_soft": None}]), "record 0: 'target_soft' must be an object"),
        (json.dumps([GOOD | {"target_soft": {"b": "1"}}]), "the value of b in 'target_soft' must be a number, not '1'"),
        (json.dumps([GOOD | {"target_soft": {"b": float("nan")}}]), "its number NaN is not finite"),
        (json.dumps([GOOD | {"target_soft": {"b": 10**400}}]), "is too large"),
        (json.dumps([GOOD | {"target_soft": {}}]), "record 0: 'target_soft' must be an object"),
        (json.dumps([GOOD | {"target_soft": {"../b": 1}}]), "an image of 'target_soft' must be an image name"),
        (json.dumps([GOOD | {"img_set": {"id": 1}}]), "record 0: 'img_set' must contain a list of 'members'"),
        (json.dumps([GOOD | {"img_set": {"members": ["a", 7]}}]), "record 0: a member must be an image name"),
        (json.dumps([GOOD | {"img_set": {"members": ["a", "c"]}}]), "'members' must contain target_hard b"),
        (
            json.dumps([GOOD | {"img_set": {"members": ["b", "c"]}}]),
            "'members' must contain the reference a, other images, and",
        ),
        (json.dumps([GOOD | {"img_set": {"members": ["a", "b", "b"]}}]), "and no image twice"),
        (
            json.dumps([GOOD | {"target_hard": "a", "img_set": {"members": ["a"]}}]),
            "'members' must contain the reference a",
        ),
    ],
)
def test_a_wrong_caption_file_is_one_sentence(
    content: str, sentence: str, one_sentence, cirr: Open, root: Path
) -> None:
    (root / "captions" / "cap.rc2.val.json").write_text(content)
    one_sentence(lambda: cirr().queries("val"), sentence, "cap.rc2.val.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "must contain a JSON object"),
        ('{"a": "/etc/a.png"}', "the path of a must be relative"),
        ('{"a": "./dev/../../a.png"}', "the path of a must be relative"),
        ('{"a": 3}', "the path of a must be relative"),
        ('{"a": "./dev/b.png"}', "the path './dev/b.png' is that of another image than a"),
        ('{"../a": "./a.png"}', "a key must be an image name"),
    ],
)
def test_a_wrong_split_file_is_one_sentence(content: str, sentence: str, one_sentence, cirr, root) -> None:
    (root / "image_splits" / "split.rc2.val.json").write_text(content)
    one_sentence(lambda: cirr().gallery("val"), sentence, "split.rc2.val.json")


@pytest.mark.parametrize("suffix", [".jpeg", ".webp", ".JPG", ".PNG"])
def test_images_may_have_other_suffixes(suffix: str, cirr: Open, root: Path) -> None:
    path = root / "dev" / f"{TARGET}.png"
    path.rename(path.with_suffix(suffix))
    assert cirr().has(TARGET)
    assert cirr().file(TARGET).suffix == suffix


def test_paths_with_backslashes_are_understood(cirr: Open, root: Path) -> None:
    file = root / "image_splits" / "split.rc2.val.json"
    file.write_text(file.read_text().replace("./dev/", r".\\dev\\"))
    assert cirr().file(TARGET) == root / "dev" / f"{TARGET}.png"
