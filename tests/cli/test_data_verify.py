"""``cir-bench data``: is a data set complete, and what is in it?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Run = Callable[..., Any]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A complete folder benchmark with 2 + 12 images."""
    root = tmp_path / "photos"
    root.mkdir()
    names = [*(f"t{i}" for i in range(2)), *(f"v{i:02d}" for i in range(12))]
    for name in names:
        Image.new("RGB", (3, 3)).save(root / f"{name}.png")
    _write(root / "gallery.jsonl", [{"image": n, "split": _split(n), "file": f"{n}.png"} for n in names])
    queries = [("a", "t0", "t1"), ("b", "v00", "v01")]
    _write(
        root / "triplets.jsonl",
        [{"query_id": q, "split": _split(r), "reference": r, "text": "x", "targets": [t]} for q, r, t in queries],
    )
    return root


def _split(image: str) -> str:
    return "train" if image.startswith("t") else "val"


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_complete_data_set_exits_with_0(run: Run, photos: Path) -> None:
    done = run("data", "verify", f"folder:{photos}")
    assert done.code == 0
    first, *others = done.out.splitlines()
    assert re.fullmatch("folder:photos-[0-9a-f]{6}: 1 training triplets", first)
    assert others == [
        "protocol default@1: 1 queries over 12 images",
        "images: 14 of 14 found, 14 of them readable",
        "complete",
    ]


def test_missing_and_unreadable_images_are_listed_and_exit_with_1(run: Run, photos: Path) -> None:
    (photos / "v03.png").unlink()
    (photos / "t1.png").write_bytes(b"")
    done = run("data", "verify", f"folder:{photos}")
    assert done.code == 1
    assert "images: 13 of 14 found, 12 of them readable" in done.out
    assert f"  missing: v03 ({photos / 'v03.png'})\n" in done.out
    assert "t1.png is empty (0 bytes); replace the file." in done.out
    assert done.out.endswith("NOT complete\n")


def test_json_lists_every_image_and_the_lines_only_ten(run: Run, photos: Path) -> None:
    for path in photos.glob("v*.png"):
        path.unlink()
    done = run("data", "verify", f"folder:{photos}")
    assert done.out.count("  missing: v") == 10
    assert "  missing: … 2 more (--json lists all)" in done.out
    done = run("data", "verify", f"folder:{photos}", "--json")
    facts = json.loads(done.out)
    assert done.code == 1
    assert facts["missing"] == [f"v{i:02d}" for i in range(12)]
    assert (facts["complete"], facts["n_images"], facts["n_train"]) == (False, 14, 1)
    assert facts["protocols"]["default@1"]["n_gallery"] == {"": 12}


def test_an_inconsistent_annotation_is_one_sentence(run: Run, photos: Path) -> None:
    with (photos / "triplets.jsonl").open("a") as file:
        file.write('{"query_id": "c", "split": "val", "reference": "nobody", "text": "x", "targets": ["v00"]}\n')
    done = run("data", "verify", f"folder:{photos}")
    assert done.code == 2
    assert "triplets.jsonl, line 3: gallery.jsonl has no image 'nobody' in split 'val'; add it there." in done.err
    assert "Traceback" not in done.err


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    """A data root with a FashionIQ that is far too small, without images."""
    root = tmp_path / "fashioniq"
    for folder in ("captions", "image_splits"):
        (root / folder).mkdir(parents=True)
    for part in ("dress", "shirt", "toptee"):
        for split in ("train", "val"):
            record = {"candidate": f"{part}0", "target": f"{part}1", "captions": ["x", "y"]}
            (root / "captions" / f"cap.{part}.{split}.json").write_text(json.dumps([record]))
        (root / "image_splits" / f"split.{part}.val.json").write_text(json.dumps([f"{part}{i}" for i in range(3)]))
    return tmp_path


def test_counts_are_held_against_the_protocol(run: Run, fashion: Path) -> None:
    done = run("data", "verify", "fashioniq/original@1", "--data-root", fashion)
    assert done.code == 1
    for sentence in (
        "! 3 training triplets, 18000 expected.",
        "! dress: 1 queries, 2017 expected.",
        "! toptee: 3 gallery images, 5373 expected.",
        "! a random ranking scores 100 % shirt/R@10, 0.158 expected.",
        "images: 0 of 9 found",
    ):
        assert sentence in done.out
    assert "val-union" not in done.out


def test_without_its_train_file_evaluation_is_still_checked(run: Run, fashion: Path) -> None:
    (fashion / "fashioniq" / "captions" / "cap.shirt.train.json").unlink()
    done = run("data", "verify", "fashioniq/original", "--data-root", fashion)
    assert done.code == 1
    assert "fashioniq: ! " in done.out and "cap.shirt.train.json is missing" in done.out
    assert "! dress: 1 queries, 2017 expected." in done.out
    facts = json.loads(run("data", "info", "fashioniq", "--data-root", fashion, "--json").out)
    assert facts["n_train"] is None and "cap.shirt.train.json is missing" in facts["train_problem"]


def test_a_protocol_nobody_asked_for_may_be_impossible(run: Run, fashion: Path) -> None:
    done = run("data", "verify", "fashioniq", "--data-root", fashion)
    assert "cannot be used: " in done.out
    asked = run("data", "verify", "fashioniq/val-union-corrected", "--data-root", fashion, "--json")
    (problem,) = json.loads(asked.out)["protocols"]["val-union-corrected@1"]["problems"]
    assert "correction_dict_dress.json is missing" in problem


def test_info_tells_licence_counts_protocols_and_provenance(run: Run, fashion: Path) -> None:
    done = run("data", "info", "fashioniq", "--data-root", fashion)
    assert done.code == 0
    for words in (
        "licence: CDLA",
        "training triplets: 3",
        "protocol val-union@1: dress 1 queries",
        "cap.dress.val.json: ",
    ):
        assert words in done.out
    facts = json.loads(run("data", "info", "fashioniq", "--data-root", fashion, "--json").out)
    assert facts["protocols"]["original@1"]["n_gallery"] == {"dress": 3, "shirt": 3, "toptee": 3}
    assert facts["synthetic"] is False


def test_info_names_a_spelling_dictionary_where_a_protocol_reads_it(run: Run, fashion: Path) -> None:
    folder = fashion / "image_captions" / "fashioniq"
    folder.mkdir(parents=True)
    for category in ("dress", "shirt", "toptee"):
        (folder / f"correction_dict_{category}.json").write_text('{"lonf": "long"}')
    named = {}
    for protocol in ("val-union", "val-union-corrected"):
        done = run("data", "info", f"fashioniq/{protocol}", "--data-root", fashion, "--json")
        named[protocol] = {name for name in json.loads(done.out)["provenance"] if "correction" in name}
    dictionaries = {f"spelling.correction_dict.{category}" for category in ("dress", "shirt", "toptee")}
    assert named == {"val-union": set(), "val-union-corrected": dictionaries}


def test_the_evaluated_split_is_chosen_with_set(run: Run, photos: Path) -> None:
    for split in ("one", "two"):
        with (photos / "gallery.jsonl").open("a") as file:
            file.writelines(
                json.dumps({"image": f"v0{i}", "split": split, "file": f"v0{i}.png"}) + "\n" for i in range(3)
            )
        with (photos / "triplets.jsonl").open("a") as file:
            line = {"query_id": split, "split": split, "reference": "v00", "text": "x", "targets": ["v01"]}
            file.write(json.dumps(line) + "\n")
    done = run("data", "verify", f"folder:{photos}", "--set", "dataset.split=two")
    assert "protocol default@1: 1 queries over 3 images" in done.out


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("dataset.splt=two", "has no parameter splt; did you mean 'split'?"),
        ("training.epochs=3", "--set training: this verb takes only dataset.KEY=VALUE."),
    ],
)
def test_other_parameters_are_refused(assignment: str, sentence: str, run: Run, photos: Path) -> None:
    done = run("data", "verify", f"folder:{photos}", "--set", assignment)
    assert done.code == 2
    assert sentence in done.err


def test_an_unknown_benchmark_is_refused(run: Run) -> None:
    done = run("data", "verify", "fashoniq")
    assert done.code == 2
    assert "There is no benchmark 'fashoniq'; did you mean 'fashioniq'?" in done.err


def test_few_images_need_no_progress_lines(run: Run, photos: Path) -> None:
    assert "decoding" not in run("data", "verify", f"folder:{photos}").err


@pytest.fixture
def cirr(tmp_path: Path) -> Path:
    """A data root with a CIRR that is far too small, without images."""
    root = tmp_path / "cirr"
    for folder in ("captions", "image_splits"):
        (root / folder).mkdir(parents=True)
    for split in ("train", "val", "test1"):
        names = [f"{split}-{i}-0-img0" for i in range(3)]
        record = {"pairid": 7, "reference": names[0], "caption": "x", "img_set": {"members": names}}
        truth = {} if split == "test1" else {"target_hard": names[1], "target_soft": {names[1]: 1.0}}
        (root / "captions" / f"cap.rc2.{split}.json").write_text(json.dumps([record | truth]))
        (root / "image_splits" / f"split.rc2.{split}.json").write_text(json.dumps({n: f"./{n}.png" for n in names}))
    return tmp_path


@pytest.mark.parametrize(
    ("split", "found"),
    [("val", "  ! "), ("test1", "  cannot be used: "), ("train", "lists it (")],
)
def test_a_broken_list_of_images_is_a_finding_like_any_other(run: Run, cirr: Path, split: str, found: str) -> None:
    path = cirr / "cirr" / "image_splits" / f"split.rc2.{split}.json"
    path.write_text("{")
    done = run("data", "verify", "cirr", "--data-root", cirr)
    assert (done.code, done.err) == (1, "")
    assert f"{found}{path} is not JSON" in done.out
    others = {"val": ("test1@1",), "test1": ("val@1", "val-soft@1"), "train": ("val@1", "test1@1")}[split]
    assert all(f"protocol {key}: 1 queries over 3 images" in done.out for key in others)


def test_two_lists_that_contradict_each_other_are_one_too(run: Run, cirr: Path) -> None:
    path = cirr / "cirr" / "image_splits" / "split.rc2.val.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"test1-0-0-img0": "./dev/test1-0-0-img0.png"}))
    done = run("data", "verify", "cirr", "--data-root", cirr)
    assert (done.code, done.err) == (1, "")
    assert "another split file has another path for test1-0-0-img0." in done.out
