from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cir_bench import DataError
from cir_bench.utils import file_digest, image_file, inside, missing_file, read_json


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf["caf\xc3\xa9"]')
    assert read_json(tmp_path / "a.json", "somewhere") == ["café"]


def test_half_a_character_is_refused_and_a_whole_one_in_two_escapes_is_not(tmp_path: Path) -> None:
    (tmp_path / "whole.json").write_text(r'["\ud83d\ude00", "C:\\udata"]')
    assert read_json(tmp_path / "whole.json", "somewhere") == ["😀", r"C:\udata"]
    (tmp_path / "half.json").write_text(r'["\uD83D x"]')
    with pytest.raises(DataError, match=r"half\.json contains '\\ud83d', half of a character"):
        read_json(tmp_path / "half.json", "somewhere")


@pytest.mark.parametrize("content", [b"", b"[1", b"\xff\xfe[\x00", b'["\xe9"]', b"[" * 100_000])
def test_what_is_no_json_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json is not JSON in UTF-8"):
        read_json(tmp_path / "a.json", "somewhere")


def test_a_missing_file_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.json is missing; copy it from somewhere \(its folder is empty\)"):
        read_json(tmp_path / "a.json", "somewhere")


@pytest.mark.parametrize("name", ["a.png", "folder/a.png", "./a.png", "ünï çode.png", "folder/..a"])
def test_names_inside_a_root(name: str, tmp_path: Path) -> None:
    assert inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name", ["", ".", "/etc/passwd", "../a", "folder/../../a", "a/../b", "C:\\a", "C:a", "\\\\host\\a", "..\\a", "a\0b"]
)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be a relative path inside"):
        inside(tmp_path, name)


@pytest.mark.parametrize("name", ["x" * 5000, "a/\ud800.png"], ids=["too long", "half a character"])
def test_a_name_that_no_file_can_have_is_told(tmp_path, name):
    with pytest.raises(DataError, match="cannot be looked up"):
        inside(tmp_path, name)


def test_a_symbolic_link_must_not_lead_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in").symlink_to(root / "real")
    assert inside(root, "in/a.png") == root / "in" / "a.png"
    with pytest.raises(DataError, match=r"leads outside .* by a symbolic link"):
        inside(root, "out/a.png")


def test_the_root_itself_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert inside(tmp_path / "link", "a.png") == tmp_path / "link" / "a.png"


def test_a_digest_follows_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b") != file_digest(tmp_path / "c")
    with pytest.raises(DataError, match="cannot be read"):
        file_digest(tmp_path / "d")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_with_the_name_of_a_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png cannot be read: it is a folder, a pipe or a device"):
        file_digest(tmp_path / "a.png")


def test_a_link_that_the_user_chose_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "disk").mkdir()
    (root / "images").symlink_to(tmp_path / "disk")
    with pytest.raises(DataError, match=r"by a symbolic link; put the file inside, or allow links with --follow-links"):
        inside(root, "images/a.png")
    assert inside(root, "images/a.png", follow_links=True) == root / "images" / "a.png"
    for name in ("../a.png", "/a.png", "images/../../a.png"):
        with pytest.raises(DataError, match="must be a relative path inside"):
            inside(root, name, follow_links=True)


def test_backslashes_are_between_folders_unless_a_file_has_them_in_its_name(tmp_path: Path) -> None:
    assert inside(tmp_path, r"images\a.png") == tmp_path / "images" / "a.png"
    (tmp_path / r"odd\a.png").touch()
    assert inside(tmp_path, r"odd\a.png") == tmp_path / r"odd\a.png"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".PNG", ".JPG", ".JPEG", ".WEBP"])
def test_an_image_is_found_under_any_suffix(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"a{suffix}").touch()
    assert image_file(tmp_path / "a.png") == tmp_path / f"a{suffix}"
    assert image_file(tmp_path / "b.png") == tmp_path / "b.png"


def test_the_named_file_is_preferred(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "a.JPG"):
        (tmp_path / name).touch()
    assert image_file(tmp_path / "a.JPG") == tmp_path / "a.JPG"
    assert image_file(tmp_path / "a.webp") == tmp_path / "a.png"


def test_accents_may_be_composed_or_not(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301.jpg").touch()
    assert image_file(tmp_path / "caf\u00e9.jpg").is_file()


def test_a_missing_file_is_named_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "captions").mkdir()
    path = tmp_path / "captions" / "cap.dress.val.json"
    assert missing_file(path) == f"{path} is missing (its folder is empty)"
    for name in ("CAP.dress.val.JSON", "cap.dress.train.json"):
        (path.parent / name).touch()
    assert missing_file(path, "get it") == (
        f"{path} is missing; get it (its folder has CAP.dress.val.JSON, cap.dress.train.json)"
    )
    assert missing_file(path, names=["a", "cap.d"]).endswith("(its folder has cap.d, a)")
    nowhere = tmp_path / "images" / "dev" / "a.png"
    assert missing_file(nowhere) == f"{nowhere} is missing ({tmp_path} has no folder images)"
    with pytest.raises(DataError, match=r"copy it from somewhere \(its folder has CAP\.dress\.val\.JSON, "):
        read_json(path, "somewhere")
