"""Files of a submission are written all or none, and replace no others unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.errors import ConfigError
from cir_bench.submission.files import write_files


def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_files({tmp_path / "a" / "b" / "one.json": b"1", tmp_path / "a" / "b" / "two.json": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()} == {
        "one.json": b"1",
        "two.json": b"2",
    }


def test_the_same_content_again_is_no_conflict(tmp_path: Path) -> None:
    for _ in range(2):
        write_files({tmp_path / "one.json": b"1"})


def test_other_content_stays_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "two.json").write_bytes(b"of another run")
    with pytest.raises(ConfigError, match=r"two\.json already exist with other content; nothing was written"):
        write_files({tmp_path / "one.json": b"1", tmp_path / "two.json": b"2"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"two.json": b"of another run"}


def test_it_is_replaced_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(b"of another run")
    write_files({tmp_path / "one.json": b"1"}, overwrite=True)
    assert (tmp_path / "one.json").read_bytes() == b"1"


def test_a_folder_of_that_name_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "one.json").mkdir()
    with pytest.raises(ConfigError, match="already exist"):
        write_files({tmp_path / "one.json": b"1"})
