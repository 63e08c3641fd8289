from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cir_bench import DataError, Query, Triplet
from cir_bench_shoes.dataset import Shoes

Open = Callable[..., Shoes]
CLOGS, BOOTS = ([f"img_womens_{kind}_{i}.jpg" for i in range(4)] for kind in ("clogs", "boots"))


def test_a_triplet_is_of_the_split_of_its_images(shoes: Open) -> None:
    assert shoes().train() == [
        Triplet(CLOGS[0], ("has a red strap ",), CLOGS[1]),
        Triplet(CLOGS[2], ("is identical",), CLOGS[2]),
    ]
    assert [query.id for query in shoes().queries("eval")] == ["shoes-1", "shoes-3", "shoes-4"]
    assert shoes().queries("eval")[0] == Query("shoes-1", BOOTS[0], ("is taller",), (BOOTS[1],))


def test_from_both_sides_a_triplet_is_listed_twice_and_one_of_a_single_image_once(shoes: Open) -> None:
    queries = shoes().queries("eval-both-sides")
    assert [query.id for query in queries] == ["shoes-1-a", "shoes-1-b", "shoes-3-a", "shoes-4-a", "shoes-4-b"]
    assert queries[1] == Query("shoes-1-b", BOOTS[0], ("is taller",), (BOOTS[1],))
    assert [triplet.target for triplet in shoes(sides="both").train()] == [CLOGS[1], CLOGS[1], CLOGS[2]]


def test_the_gallery_is_the_list_of_the_evaluation_split(shoes: Open) -> None:
    assert shoes().gallery("eval") == shoes().gallery("eval-both-sides") == BOOTS


def test_images_are_found_by_name_wherever_they_lie(shoes: Open, data_root: Path) -> None:
    root = data_root / "shoes"
    assert all(shoes().has(image) for image in (*CLOGS, *BOOTS))
    (root / "womens_boots" / "deep" / "down").mkdir(parents=True)
    (root / "images/womens_boots/0" / BOOTS[0]).rename(root / "womens_boots/deep/down" / BOOTS[0])
    (root / "images/womens_boots/1" / BOOTS[1]).unlink()
    assert [shoes().has(image) for image in BOOTS] == [True, False, True, True]
    assert shoes().open(BOOTS[0]).size == (4, 4)


def test_images_may_lie_flat_in_the_root_and_folders_be_links(shoes: Open, data_root: Path) -> None:
    root = data_root / "shoes"
    for path in sorted((root / "attributedata").rglob("*.jpg")):
        path.rename(root / path.name)
    (root / "images" / "womens_boots").rename(data_root / "elsewhere")
    (root / "images" / "womens_boots").symlink_to(data_root / "elsewhere")
    (data_root / "elsewhere" / "back").symlink_to(root / "images")  # a circle ends
    assert all(map(shoes().has, [*CLOGS, *BOOTS]))


def test_a_byte_order_mark_is_no_part_of_a_name(shoes: Open, data_root: Path) -> None:
    path = data_root / "shoes" / "eval_im_names.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert shoes().gallery("eval") == BOOTS


def test_of_two_files_of_one_name_the_first_folder_s_is_taken(shoes: Open, data_root: Path) -> None:
    root, name = data_root / "shoes", CLOGS[0]
    (root / "images" / name).write_bytes(b"another")
    first = root / "attributedata/womens_clogs/0" / name
    assert shoes().digest(name) != shoes().digest(CLOGS[1])
    before = shoes().digest(name)
    first.unlink()
    assert shoes().digest(name) != before


def test_the_folders_are_walked_through_once(shoes: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    walked, walk = [], os.walk
    monkeypatch.setattr(os, "walk", lambda top, **how: walked.append(top) or walk(top, **how))
    dataset = shoes()
    dataset.queries("eval")
    assert not walked
    for image in (*CLOGS, *BOOTS):
        dataset.open(image)
    assert len(walked) == 2


def test_only_the_names_of_the_splits_are_images(shoes: Open, data_root: Path) -> None:
    (data_root / "shoes" / "images" / "descr_womens_boots_0.txt").write_text("a boot")
    assert not shoes().has("descr_womens_boots_0.txt")
    with pytest.raises(DataError, match=r"'descr_womens_boots_0\.txt' is not an image of Shoes"):
        shoes().open("descr_womens_boots_0.txt")


def test_a_missing_image_is_named_with_the_folders_searched(shoes: Open, data_root: Path) -> None:
    (data_root / "shoes/images/womens_boots/0" / BOOTS[0]).unlink()
    with pytest.raises(DataError, match=r"boots_0\.jpg' is missing; looked in .*attributedata, images and womens_"):
        shoes().open(BOOTS[0])


def test_descriptions_are_those_of_captions_shoes_json_where_it_is_there(shoes: Open, data_root: Path) -> None:
    assert shoes().side_text(CLOGS[0]) is None
    before = shoes().provenance()
    captions = [{"ImageName": CLOGS[0], "Caption": "a red clog "}, {"ImageName": CLOGS[0], "Caption": "another"}]
    (data_root / "shoes" / "captions_shoes.json").write_text(json.dumps(captions))
    assert shoes().side_text(CLOGS[0]) == "a red clog"
    assert shoes().side_text(CLOGS[1]) is None
    assert set(shoes().provenance()) - set(before) == {"captions_shoes.json"}


def test_provenance_follows_the_annotation_files(shoes: Open, data_root: Path) -> None:
    before = shoes().provenance()
    assert set(before) == {"relative_captions_shoes.json", "train_im_names.txt", "eval_im_names.txt"}
    names = data_root / "shoes" / "eval_im_names.txt"
    names.write_text(names.read_text() + "img_womens_boots_9.jpg\n")
    assert {name for name, digest in shoes().provenance().items() if digest != before[name]} == {"eval_im_names.txt"}


@pytest.mark.parametrize("name", ["relative_captions_shoes.json", "train_im_names.txt", "eval_im_names.txt"])
def test_a_missing_annotation_file_is_named_with_its_source(name: str, shoes: Open, data_root: Path) -> None:
    (data_root / "shoes" / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing; copy it from dataset/ of https://github.com"):
        shoes().queries("eval")


def test_an_unknown_split_is_refused(shoes: Open) -> None:
    with pytest.raises(DataError, match="Shoes has no split 'evl' to evaluate; did you mean 'eval'"):
        shoes().queries("evl")
    with pytest.raises(DataError, match="Shoes has no split 'train'"):
        shoes().gallery("train")


GOOD: dict[str, Any] = {"ImageName": BOOTS[1], "ReferenceImageName": BOOTS[0], "RelativeCaption": "x"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "must contain a JSON list"),
        ("[3]", "record 0: an object was expected, not 3"),
        (
            json.dumps([GOOD, GOOD | {"RelativeCaption": None}]),
            "record 1: 'RelativeCaption' must be a string, not None",
        ),
        (json.dumps([GOOD | {"ImageName": "../../x.jpg"}]), "record 0: 'ImageName' must be a file name such as"),
        (json.dumps([GOOD | {"ReferenceImageName": 7}]), "'ReferenceImageName' must be a file name such as"),
        (json.dumps([GOOD | {"ReferenceImageName": CLOGS[0]}]), "record 0: img_womens_clogs_0.jpg and img_womens_boot"),
        (json.dumps([GOOD | {"ImageName": "img_womens_boots_7.jpg"}]), "are not both in train_im_names.txt or both in"),
    ],
)
def test_a_wrong_caption_file_is_one_sentence(
    content: str, sentence: str, one_sentence, shoes: Open, data_root: Path
) -> None:
    (data_root / "shoes" / "relative_captions_shoes.json").write_text(content)
    one_sentence(lambda: shoes().queries("eval"), sentence, "relative_captions_shoes.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"{BOOTS[0]}\n\n{BOOTS[0]}\n", r"eval_im_names\.txt lists the image 'img_womens_boots_0\.jpg' more than once"),
        (f"{BOOTS[0]}\n../{BOOTS[1]}\n", r"eval_im_names\.txt, line 2: an image name must be a file name"),
        (f"{CLOGS[0]}\n", r"clogs_0\.jpg' is in both train_im_names\.txt and eval_im_names\.txt"),
    ],
)
def test_a_wrong_list_of_names_is_one_sentence(content: str, sentence: str, shoes: Open, data_root: Path) -> None:
    (data_root / "shoes" / "eval_im_names.txt").write_text(content)
    with pytest.raises(DataError, match=sentence):
        shoes().gallery("eval")


def test_a_list_that_is_no_text_is_one_sentence(shoes: Open, data_root: Path) -> None:
    (data_root / "shoes" / "eval_im_names.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"eval_im_names\.txt is not in UTF-8"):
        shoes().gallery("eval")


@pytest.mark.parametrize("suffix", [".jpeg", ".webp", ".JPG", ".png"])
def test_images_may_have_other_suffixes(suffix: str, shoes: Open, data_root: Path) -> None:
    path = shoes().file(BOOTS[0])
    path.rename(path.with_suffix(suffix))
    assert shoes().has(BOOTS[0])
    assert shoes().file(BOOTS[0]) == path.with_suffix(suffix)


def test_an_image_of_the_official_name_is_preferred(shoes: Open, data_root: Path) -> None:
    path = shoes().file(BOOTS[0])
    copy = data_root / "shoes" / "attributedata" / path.with_suffix(".png").name
    copy.write_bytes(path.read_bytes())
    assert shoes().file(BOOTS[0]) == path


def test_a_missing_image_is_named_with_similar_ones(shoes: Open) -> None:
    path = shoes().file(BOOTS[0])
    path.rename(path.with_name("img_womens_boots_0-copy.jpg"))
    with pytest.raises(DataError, match=r"womens_.* \(similar names: .*img_womens_boots_0-copy\.jpg"):
        shoes().open(BOOTS[0])
