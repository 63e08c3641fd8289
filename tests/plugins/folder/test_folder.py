from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cir_bench import Context, DataError, Query, Triplet
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.find import find_benchmark
from cir_bench_folder import FolderParams
from cir_bench_folder.dataset import Folder

Open = Callable[..., Folder]
GALLERY = [{"image": f"v{i}", "split": "val", "file": f"images/v{i}.png"} for i in range(3)]
QUERY = {"query_id": "q", "split": "val", "reference": "v0", "text": "is red", "targets": ["v1"]}


def test_a_training_line_is_a_triplet_for_every_target(folder: Open) -> None:
    assert folder().train() == [Triplet("t0", ("is red",), "t1"), Triplet("t0", ("is red",), "t2")]


def test_queries_keep_ids_texts_targets_and_tags(folder: Open) -> None:
    assert folder().queries("val") == [
        Query("b", "v0", ("is red", "is long"), ("v1",), tags=("x",)),
        Query("c", "v1", ("is blue",), ("v0", "v2")),
    ]


def test_candidates_are_the_images_of_the_split_less_the_reference(folder: Open) -> None:
    protocol = find_benchmark("folder:x", builtin_benchmarks()).protocol
    part = eval_set(folder(), protocol).parts[""]
    assert part.gallery == ("v0", "v1", "v2", "v3")
    assert part.query_set.excluded == (("v0",), ("v1",))
    assert [query.texts for query in part.queries] == [("is red and is long",), ("is blue",)]


def test_the_caption_is_the_images_own_description(folder: Open) -> None:
    assert (folder().side_text("v2"), folder().side_text("t2")) == ("thing 2", None)


def test_images_are_opened_looked_for_and_digested(folder: Open, root: Path) -> None:
    dataset = folder()
    assert dataset.open("v0").size == (3, 3)
    assert dataset.has("v0")
    assert len(dataset.digest("v0")) == 40
    (root / "images" / "v0.png").unlink()
    assert not dataset.has("v0")
    assert not dataset.has("w")
    with pytest.raises(DataError, match="has no image 'w'"):
        dataset.open("w")


def test_provenance_has_both_files_and_the_split(folder: Open) -> None:
    facts = folder().provenance()
    assert set(facts) == {"gallery.jsonl", "triplets.jsonl", "split"}
    assert facts["split"] == "val"


@pytest.mark.parametrize(
    ("splits", "chosen", "evaluated"),
    [
        (["train", "val", "test"], None, "val"),
        (["train", "test"], None, "test"),
        (["mine"], None, "mine"),
        (["val", "test"], "test", "test"),
    ],
)
def test_the_evaluated_split(splits: list[str], chosen: str | None, evaluated: str, folder: Open) -> None:
    dataset = folder(*_in_splits(splits), split=chosen)
    assert dataset.evaluated() == evaluated
    assert [query.id for query in dataset.queries("auto")] == [evaluated]
    assert dataset.gallery("auto") == [f"{evaluated}0", f"{evaluated}1"]


@pytest.mark.parametrize(
    ("splits", "chosen", "sentence"),
    [
        (
            ["train", "a", "b"],
            None,
            "splits a, b besides train and none is called val; choose one with --set dataset.split",
        ),
        (["train"], None, "has no query in split 'val', which is to be evaluated"),
        (["train", "val"], "vall", "has no query in split 'vall', which is to be evaluated; did you mean 'val'"),
    ],
)
def test_an_unclear_split_is_refused(splits: list[str], chosen: str | None, sentence: str, folder: Open) -> None:
    with pytest.raises(DataError, match=sentence):
        folder(*_in_splits(splits), split=chosen).queries("auto")


def _in_splits(splits: list[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    gallery = [{"image": f"{s}{i}", "split": s, "file": f"images/{s}{i}.png"} for s in splits for i in range(2)]
    triplets = [{"query_id": s, "split": s, "reference": f"{s}0", "text": "x", "targets": [f"{s}1"]} for s in splits]
    return gallery, triplets


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"image": 3}, "gallery.jsonl, line 3: 'image' must be a non-empty string, not 3"),
        ({"image": ""}, "line 3: 'image' must be a non-empty string"),
        ({"file": None}, "line 3: 'file' must be a non-empty string"),
        ({"image": "v0"}, "line 3: the image 'v0' is already in line 1"),
        ({"image": "v0", "split": "test"}, "line 3: the image 'v0' has another file in another split"),
        ({"file": "../secret.png"}, "line 3: The file name '../secret.png' must be a relative path inside"),
        ({"file": "/etc/passwd"}, "line 3: The file name '/etc/passwd' must be a relative path inside"),
        ({"file": "images/out/a.png"}, "line 3: The file name 'images/out/a.png' leads outside"),
        ({"caption": 5}, "line 3: 'caption' must be a string"),
    ],
)
def test_a_wrong_gallery_line_is_named(change: dict[str, Any], sentence: str, folder: Open, root: Path) -> None:
    (root / "images" / "out").symlink_to(root.parent)
    with pytest.raises(DataError) as caught:
        folder([*GALLERY[:2], GALLERY[2] | change], [QUERY])
    assert sentence in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"query_id": "q"}, "triplets.jsonl, line 2: the query id 'q' is already in line 1"),
        ({"reference": "w"}, "line 2: gallery.jsonl has no image 'w' in split 'val'; add it there"),
        ({"targets": ["v1", "w"]}, "line 2: gallery.jsonl has no image 'w' in split 'val'"),
        ({"split": "test"}, "has no image 'v0' in split 'test' (it has it in 'val'); add it there"),
        ({"targets": "v1"}, "line 2: 'targets' must be a list of strings, not 'v1'"),
        ({"targets": []}, "line 2: 'targets' is empty"),
        ({"targets": ["v1", "v1"]}, "line 2: 'targets' lists an image more than once"),
        ({"text": 3}, "line 2: 'text' must be a string or a list of strings, not 3"),
        ({"text": []}, "line 2: 'text' is empty"),
        ({"tags": ["x", 3]}, "line 2: 'tags' must be a list of strings"),
    ],
)
def test_a_wrong_triplet_line_is_named(change: dict[str, Any], sentence: str, folder: Open) -> None:
    with pytest.raises(DataError) as caught:
        folder(GALLERY, [QUERY, QUERY | {"query_id": "r"} | change])
    assert sentence in str(caught.value)


def test_a_missing_key_is_named(folder: Open) -> None:
    line = {key: value for key, value in QUERY.items() if key != "reference"}
    with pytest.raises(DataError, match="line 1: 'reference' must be a non-empty string, but it is missing"):
        folder(GALLERY, [line])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "line 2: not JSON"),
        ("[" * 100_000, "line 2: not JSON"),
        ('{"image": 1' + "0" * 5000, "line 2: not JSON"),
        ("x" * 10_000_001, "line 2 has more than 10,000,000 characters"),
        ("[1]", "line 2: .* is not an object"),
        (r'{"image": "\ud83d"}', r"line 2: '\\ud83d' is half of a character"),
    ],
    ids=lambda text: text[:30],
)
def test_a_line_that_is_no_object_is_named(text: str, sentence: str, folder: Open, root: Path) -> None:
    folder()
    lines = (root / "gallery.jsonl").read_text().splitlines()
    (root / "gallery.jsonl").write_text("\n".join([lines[0], text, *lines[1:]]))
    with pytest.raises(DataError, match=sentence):
        _again(root)


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_are_fine(folder: Open, root: Path) -> None:
    folder()
    text = (root / "gallery.jsonl").read_text()
    (root / "gallery.jsonl").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n\r\n").encode())
    assert len(_again(root).gallery("val")) == 4


def test_a_file_in_another_encoding_is_refused(folder: Open, root: Path) -> None:
    folder()
    (root / "gallery.jsonl").write_bytes('{"image": "é"}'.encode("latin-1"))
    with pytest.raises(DataError, match="is not in UTF-8"):
        _again(root)


@pytest.mark.parametrize("name", ["gallery.jsonl", "triplets.jsonl"])
def test_a_missing_file_is_named(name: str, folder: Open, root: Path) -> None:
    folder()
    (root / name).unlink()
    with pytest.raises(DataError, match=rf"{name} cannot be read .* needs gallery.jsonl and triplets.jsonl"):
        _again(root)


def test_images_to_learn_from_without_triplets_need_no_file_of_triplets(folder: Open, root: Path) -> None:
    """They are all images of split train; with queries of another split, the file must be there."""
    lines = [{"image": f"t{i}", "split": "train", "file": f"images/t{i}.png"} for i in range(4)]
    folder(lines, [])
    (root / "triplets.jsonl").unlink()
    data = Folder(FolderParams(path=str(root)), Context(data_root=None, cache_dir=root))
    assert (data.unlabelled_images(), data.train(), data.train_images()) == (["t0", "t1", "t2", "t3"], [], [])
    assert list(data.provenance()) == ["gallery.jsonl"]
    assert folder().unlabelled_images() == ["t0", "t1", "t2", "t3"]  # of which triplets have three


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder; name one that contains gallery"):
        _again(tmp_path / "nowhere")


@pytest.mark.shared
def test_the_emoji_set_is_read_as_it_is(real_data) -> None:
    dataset = _again(real_data("emoji") / "emoji")
    assert (len(dataset.train()), len(dataset.queries("auto")), len(dataset.gallery("val"))) == (3945, 1024, 966)
    assert dataset.open(dataset.gallery("val")[0]).size == (64, 64)


def _again(root: Path) -> Folder:
    return Folder(FolderParams(path=str(root)), Context(data_root=None, cache_dir=root))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".JPEG", ".PNG"])
def test_images_may_have_other_suffixes(suffix: str, folder: Open, root: Path) -> None:
    (root / "images" / "v0.png").rename(root / "images" / f"v0{suffix}")
    assert folder(GALLERY, [QUERY]).has("v0")
    assert folder(GALLERY, [QUERY]).file("v0") == root / "images" / f"v0{suffix}"


def test_another_suffix_does_not_lead_out_of_the_folder(folder: Open, root: Path, tmp_path: Path) -> None:
    (root / "images" / "v0.png").rename(tmp_path / "secret.jpg")
    (root / "images" / "v0.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(DataError, match=r"line 5: .*leads outside .*--follow-links"):
        folder()


def test_backslashes_are_understood(folder: Open) -> None:
    lines = [line | {"file": str(line["file"]).replace("/", "\\")} for line in GALLERY]
    assert folder(lines, [QUERY]).has("v0")


def test_a_linked_folder_of_images_is_allowed_by_follow_links(
    root: Path, folder: Open, command: Callable[..., Any], tmp_path: Path
) -> None:
    folder()
    (root / "images").rename(tmp_path / "disk")
    (root / "images").symlink_to(tmp_path / "disk")
    cir_bench = command("-b", f"folder:{root}", "-e", "tiny", "-m", "sum")
    code, said = cir_bench("run")
    assert (code, "--follow-links" in said) == (1, True)
    code, said = cir_bench("run", "--follow-links", "--retry-failed")
    assert code == 0, said
