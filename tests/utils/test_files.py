from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench import DataError
from cir_bench.utils import file_digest, inside, read_json


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
    with pytest.raises(DataError, match=r"a\.json is missing; copy it from somewhere"):
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
