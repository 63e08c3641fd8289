"""Digests of images are computed again only for files that changed, and survive damage and other processes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from cir_bench import DataError, Dataset
from cir_bench.runs import image_digests
from cir_bench.runs.image_digests import ImageDigests, digest_of_all


class Files(Dataset):
    """Counts how often an image's content is read."""

    def __init__(self, root: Path) -> None:
        self.root, self.read = root, []

    def train(self):
        return []

    def queries(self, split):
        return []

    def gallery(self, split, part=""):
        return []

    def open(self, image_id):
        raise NotImplementedError

    def has(self, image_id):
        return self.file(image_id).exists()

    def file(self, image_id):
        return self.root / image_id

    def digest(self, image_id):
        self.read.append(image_id)
        try:
            return self.file(image_id).read_bytes().hex()
        except OSError as error:
            raise DataError(f"{image_id} is missing") from error


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test have just been written, and are remembered nevertheless."""
    monkeypatch.setattr(image_digests, "FRESH", -1)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "images").mkdir()
    for name in "ab":
        (tmp_path / "images" / name).write_text(f"content of {name}")
    return Files(tmp_path / "images")


def _digests(files: Files) -> ImageDigests:
    return ImageDigests(files, files.root.parent / "cache" / "index.json")


def test_a_file_is_read_once_for_all_processes(files: Files) -> None:
    first = _digests(files)
    assert [first.of(name) for name in "abab"] == [files.digest(name) for name in "abab"]
    first.save()
    files.read.clear()
    second = _digests(files)
    assert [second.of(name) for name in "ab"] == [first.of(name) for name in "ab"] and files.read == []


@pytest.mark.parametrize("how", ["overwritten", "replaced", "grown", "touched"])
def test_a_changed_file_is_read_again_even_if_its_mtime_is_kept(files: Files, how: str) -> None:
    digests, path = _digests(files), files.root / "a"
    before, stat = digests.of("a"), path.stat()
    time.sleep(0.02)  # a clock of the file system ticks
    new = "CONTENT OF A" + ("!" if how == "grown" else "")
    if how == "replaced":
        (files.root / "new").write_text(new)
        os.utime(files.root / "new", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        (files.root / "new").replace(path)
    elif how != "touched":
        path.write_text(new)
    if how != "touched":
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    else:
        path.touch()
    files.read.clear()
    assert (digests.of("a") == before) == (how == "touched") and files.read == ["a"]


def test_a_file_that_may_change_within_the_same_tick_is_not_remembered(files: Files, monkeypatch) -> None:
    monkeypatch.setattr(image_digests, "FRESH", 3600 * 10**9)
    digests = _digests(files)
    assert digests.of("a") == digests.of("a") and files.read == ["a", "a"]
    digests.save()
    assert not (files.root.parent / "cache").exists()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "not JSON"])
def test_a_damaged_index_is_ignored_and_written_anew(files: Files, damage: str) -> None:
    digests = _digests(files)
    expected = [digests.of(name) for name in "ab"]
    digests.save()
    index = files.root.parent / "cache" / "index.json"
    content = index.read_bytes()
    flipped = content.replace(expected[0].encode(), b"00" + expected[0].encode()[2:])
    assert flipped != content
    damaged = {"truncated": content[:-9], "flipped": flipped, "emptied": b"", "not JSON": b"\x00\xff"}
    index.write_bytes(damaged[damage])
    again = _digests(files)
    assert [again.of(name) for name in "ab"] == expected
    again.save()
    assert index.read_bytes() == content


def test_two_processes_add_to_one_index(files: Files) -> None:
    first, second = _digests(files), _digests(files)
    first.of("a"), second.of("b")
    first.save(), second.save()
    body = (files.root.parent / "cache" / "index.json").read_text().partition("\n")[2]
    assert set(json.loads(body)) == {"a", "b"}


def test_without_a_place_for_the_index_digests_are_only_slower(files: Files) -> None:
    (files.root.parent / "cache").write_text("a file")
    digests = _digests(files)
    assert digests.of("a") == files.digest("a")
    digests.save()


def test_the_order_of_images_does_not_matter_but_their_names_do() -> None:
    pairs = [("a", "1"), ("b", "2")]
    assert digest_of_all(pairs) == digest_of_all(reversed(pairs)) != digest_of_all([("a", "2"), ("b", "1")])
