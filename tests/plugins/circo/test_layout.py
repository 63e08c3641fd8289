from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import DataError, Query
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench_circo import cir_bench_datasets
from cir_bench_circo.dataset import CIRCO

Open = Callable[[], CIRCO]
LIST = Path("COCO2017_unlabeled/annotations/image_info_unlabeled2017.json")


def test_the_spec_says_that_there_is_nothing_to_train_on_and_nothing_to_sell() -> None:
    (spec,) = cir_bench_datasets()
    assert (spec.name, spec.needs_root, spec.trains, spec.non_commercial) == ("circo", True, False, True)
    assert "BY-NC" in spec.licence


def test_a_query_has_its_own_target_first_and_its_semantic_aspects_as_tags(circo: Open) -> None:
    assert circo().queries("val")[1] == Query(
        id="1",
        reference="271520",
        captions=("has two people",),
        targets=("355099", "528417", "534704"),
        tags=("cardinality", "addition"),
        context={"concept": "a girl with an umbrella"},
    )


def test_a_record_without_a_concept_has_no_context_and_another_thing_is_refused(circo: Open, root: Path) -> None:
    records = json.loads((root / "val.json").read_text())
    (root / "val.json").write_text(json.dumps([records[0] | {"shared_concept": ""}]))
    assert circo().queries("val")[0].context == {}
    (root / "val.json").write_text(json.dumps([records[0] | {"shared_concept": 3}]))
    with pytest.raises(DataError, match="record 0: 'shared_concept' must be a string, not 3"):
        circo().queries("val")


def test_the_targets_of_test_are_hidden(circo: Open) -> None:
    concept = {"concept": "a girl with an umbrella"}
    assert circo().queries("test")[0] == Query("0", "271520", ("has two people",), (), context=concept)


def test_there_is_no_train_split(circo: Open) -> None:
    assert circo().train() == []
    with pytest.raises(DataError, match=r"CIRCO has no split 'train' \(and none to train on\)"):
        circo().queries("train")
    with pytest.raises(DataError, match="CIRCO has no split 'train'"):
        circo().gallery("train")


def test_the_gallery_is_cocos_list_in_its_order(circo: Open) -> None:
    assert circo().gallery("val") == circo().gallery("test") == ["7", "271520", "355099", "528417", "534704"]


def test_without_cocos_list_the_gallery_is_not_guessed_and_the_download_is_named(circo: Open, root: Path) -> None:
    (root / LIST).unlink()
    with pytest.raises(
        DataError, match=r"gallery cannot be known.* unpack http://images\.cocodataset\.org/annotations"
    ):
        circo().gallery("val")
    assert len(circo().queries("val")) == 2


@pytest.mark.parametrize("folder", ["COCO2017_unlabeled", "annotations", ""])
def test_cocos_list_may_lie_elsewhere(folder: str, circo: Open, root: Path) -> None:
    (root / folder).mkdir(exist_ok=True)
    (root / LIST).rename(root / folder / LIST.name)
    assert len(circo().gallery("val")) == 5


def test_queries_may_lie_in_annotations(circo: Open, root: Path) -> None:
    before = circo().queries("val")
    (root / "annotations").mkdir()
    (root / "val.json").rename(root / "annotations" / "val.json")
    assert circo().queries("val") == before


@pytest.mark.parametrize(
    "folder", ["COCO2017_unlabeled/unlabeled2017", "COCO2017_unlabeled", "unlabeled2017", "images", ""]
)
def test_images_are_found_in_every_layout(folder: str, circo: Open, root: Path) -> None:
    shutil.rmtree(root / "COCO2017_unlabeled" / "unlabeled2017")
    assert not circo().has("7")
    (root / folder).mkdir(parents=True, exist_ok=True)
    path = root / folder / "000000000007.jpg"
    Image.new("RGB", (5, 3)).save(path)
    assert circo().has("7")
    assert circo().open("7").size == (5, 3)
    assert circo().file("7") == path
    assert len(circo().digest("7")) == 40


@pytest.mark.parametrize("name", ["000000000007", "../7", "-7", "7.jpg", "", "1234567890123"])
def test_other_names_are_no_image_ids(name: str, circo: Open) -> None:
    assert not circo().has(name)
    with pytest.raises(DataError, match="is not an image id of CIRCO"):
        circo().open(name)


def test_a_missing_image_is_named_by_its_official_place(circo: Open) -> None:
    with pytest.raises(DataError, match=r"COCO2017_unlabeled/unlabeled2017/000000000008\.jpg is missing"):
        circo().open("8")


def test_provenance_follows_the_annotation_files(circo: Open, root: Path) -> None:
    before = circo().provenance()
    assert set(before) == {"val.json", "test.json", LIST.name}
    (root / "val.json").write_text((root / "val.json").read_text() + "\n")
    assert {name for name, digest in circo().provenance().items() if digest != before[name]} == {"val.json"}


def test_a_missing_annotation_file_is_named_with_its_source(circo: Open, root: Path) -> None:
    (root / "val.json").unlink()
    with pytest.raises(
        DataError, match=r"circo/val\.json is missing; copy it from annotations/ of https://github\.com"
    ):
        circo().queries("val")


GOOD: dict[str, Any] = {
    "id": 0,
    "reference_img_id": 1,
    "target_img_id": 2,
    "gt_img_ids": [2, 3],
    "relative_caption": "x",
    "semantic_aspects": [],
}


def test_an_image_that_cocos_list_lacks_is_named(circo: Open, root: Path) -> None:
    (root / "val.json").write_text(json.dumps([GOOD, GOOD | {"id": 1, "gt_img_ids": [2, 999]}]))
    (root / LIST).write_text(json.dumps({"images": [{"id": 1}, {"id": 2}, {"id": 3}]}))
    with pytest.raises(DataError, match=r"val\.json, record 1: image 999 is not in .*image_info_unlabeled2017\.json"):
        circo().queries("val")


def test_an_aspect_counts_once(circo: Open, root: Path) -> None:
    (root / LIST).unlink()
    (root / "val.json").write_text(json.dumps([GOOD | {"semantic_aspects": ["viewpoint", "spatial", "viewpoint"]}]))
    assert circo().queries("val")[0].tags == ("viewpoint", "spatial")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[{", "is not JSON"),
        ("{}", "must contain a JSON list"),
        ("[3]", "record 0: an object was expected, not 3"),
        (json.dumps([GOOD, GOOD]), "has the id 0 more than once"),
        (json.dumps([GOOD | {"id": None}]), "record 0: 'id' must be a whole number, not None"),
        (json.dumps([GOOD | {"reference_img_id": "../1"}]), "'reference_img_id' must be a whole number, not '../1'"),
        (json.dumps([GOOD | {"target_img_id": True}]), "'target_img_id' must be a whole number, not True"),
        (json.dumps([GOOD | {"target_img_id": 10**12}]), "'target_img_id' must be an image id of COCO, of 12 digits"),
        (json.dumps([GOOD | {"target_img_id": 4}]), "'gt_img_ids' must contain target_img_id 4, and no image twice"),
        (
            json.dumps([GOOD | {"gt_img_ids": [2, 3, 3]}]),
            "'gt_img_ids' must contain target_img_id 2, and no image twice",
        ),
        (json.dumps([GOOD | {"gt_img_ids": None}]), "'gt_img_ids' must be a list of image ids, not None"),
        (json.dumps([GOOD | {"relative_caption": 3}]), "'relative_caption' must be a string, not 3"),
        (json.dumps([GOOD | {"semantic_aspects": "x"}]), "'semantic_aspects' must be a list of strings, not 'x'"),
    ],
)
def test_a_wrong_annotation_file_is_one_sentence(
    content: str, sentence: str, one_sentence, circo: Open, root: Path
) -> None:
    (root / "val.json").write_text(content)
    one_sentence(lambda: circo().queries("val"), sentence, "val.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "must contain an object with a list of 'images'"),
        ('{"images": []}', "must contain an object with a list of 'images'"),
        ('{"images": [{"id": 1}, {"file_name": "x"}]}', "image 1: 'id' must be a whole number, not None"),
        ('{"images": [7]}', "image 0: an object was expected, not 7"),
        ('{"images": [{"id": 1}, {"id": 1}]}', "lists an image more than once"),
    ],
)
def test_a_wrong_image_list_is_one_sentence(content: str, sentence: str, one_sentence, circo, root) -> None:
    (root / LIST).write_text(content)
    one_sentence(lambda: circo().gallery("val"), sentence, LIST.name)


@pytest.mark.parametrize("suffix", [".jpeg", ".webp", ".JPG", ".png"])
def test_images_may_have_other_suffixes(suffix: str, circo: Open, root: Path) -> None:
    path = root / "COCO2017_unlabeled" / "unlabeled2017" / "000000000007.jpg"
    path.rename(path.with_suffix(suffix))
    assert circo().has("7")
    assert circo().file("7").suffix == suffix


def test_the_protocols_say_whether_the_shared_concept_is_read(circo: Open) -> None:
    protocols = load_benchmark(Path(__file__).parents[3] / "benchmarks" / "circo.yaml").protocols
    for name in ("val@1", "test@1"):
        assert "relative_caption" in protocols[name].description
        assert "without" in protocols[name].description and "shared_concept" in protocols[name].description
        assert "concept" not in protocols[name].templates.text
    for name in ("val-concept@1", "test-concept@1"):
        assert protocols[name].templates.text == "find {concept} but {text}"
    assert circo().queries("val")[0].captions == ("has two people",)
