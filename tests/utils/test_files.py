from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench import DataError, read_json


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf["caf\xc3\xa9"]')
    assert read_json(tmp_path / "a.json", "somewhere") == ["café"]


def test_half_a_character_is_refused_and_a_whole_one_in_two_escapes_is_not(tmp_path: Path) -> None:
    (tmp_path / "whole.json").write_text(r'["\ud83d\ude00", "C:\\udata"]')
    assert read_json(tmp_path / "whole.json", "somewhere") == ["😀", r"C:\udata"]
    (tmp_path / "half.json").write_text(r'["\uD83D x"]')
    with pytest.raises(DataError, match=r"half\.json holds '\\ud83d', half of a character"):
        read_json(tmp_path / "half.json", "somewhere")


@pytest.mark.parametrize("content", [b"", b"[1", b"\xff\xfe[\x00", b'["\xe9"]', b"[" * 100_000])
def test_what_is_no_json_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json is no JSON in UTF-8"):
        read_json(tmp_path / "a.json", "somewhere")


def test_a_missing_file_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.json is missing; copy it from somewhere"):
        read_json(tmp_path / "a.json", "somewhere")
