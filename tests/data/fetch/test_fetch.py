"""Files appear under their names whole and verified, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from cir_bench import ConfigError, DataError, DatasetSpec, RemoteFile
from cir_bench.data.fetch import LOCK, Fetched, fetch


def spec(*files: RemoteFile, **other: Any) -> DatasetSpec:
    return DatasetSpec(name="photos", summary="photos", implementation="a:B", files=files, **other)


def states(done: Any) -> dict[str, bool]:
    return {one.file.path: one.new for one in done}


def test_files_are_put_where_they_belong(server: Any, tmp_path: Path) -> None:
    file = server.declare("cap.json", b"[1, 2]", path="captions/cap.json")
    assert list(fetch(spec(file), tmp_path / "photos")) == [
        Fetched(file, tmp_path / "photos" / "captions" / "cap.json", new=True)
    ]
    assert (tmp_path / "photos" / "captions" / "cap.json").read_bytes() == b"[1, 2]"
    assert not list(tmp_path.rglob("*.part"))


def test_a_second_call_asks_for_nothing(server: Any, tmp_path: Path) -> None:
    files = spec(server.declare("a.json", b"a"), server.declare("b.json", b"b"))
    assert states(fetch(files, tmp_path)) == {"a.json": True, "b.json": True}
    server.requests.clear()
    assert states(fetch(files, tmp_path)) == {"a.json": False, "b.json": False}
    assert server.requests == []


def test_only_what_is_missing_is_fetched(server: Any, tmp_path: Path) -> None:
    files = spec(server.declare("a.json", b"a"), server.declare("b.json", b"b"))
    (tmp_path / "a.json").write_bytes(b"a")
    assert states(fetch(files, tmp_path)) == {"a.json": False, "b.json": True}


def test_an_interrupted_fetch_goes_on(server: Any, tmp_path: Path) -> None:
    files = spec(server.declare("a.json"))
    server.cuts = [1000, *[0] * 10]
    with pytest.raises(DataError, match="stopped at 1000 of"):
        list(fetch(files, tmp_path))
    assert not (tmp_path / "a.json").exists()
    server.cuts.clear()
    server.requests.clear()
    assert states(fetch(files, tmp_path)) == {"a.json": True}
    assert server.requests == [("a.json", "bytes=1000-")]


def test_another_content_is_refused_and_nothing_stays_of_it(server: Any, tmp_path: Path) -> None:
    file = server.declare("a.json", b"something", sha256=hashlib.sha256(b"wonderful").hexdigest())
    with pytest.raises(DataError, match=r"a\.json has the sha256 3fc9b689.* expected: it changed .* Nothing was put"):
        list(fetch(spec(file), tmp_path))
    assert {path.name for path in tmp_path.iterdir()} <= {LOCK}


def test_a_damaged_beginning_is_refused_and_the_next_call_begins_anew(server: Any, tmp_path: Path) -> None:
    file = server.declare("a.json")
    (tmp_path / "a.json.part").write_bytes(b"?" * 1000)
    with pytest.raises(DataError, match="has the sha256"):
        list(fetch(spec(file), tmp_path))
    assert states(fetch(spec(file), tmp_path)) == {"a.json": True}


def test_another_file_in_its_place_is_the_users_and_stays(server: Any, tmp_path: Path) -> None:
    file = server.declare("a.json", b"official")
    (tmp_path / "a.json").write_bytes(b"modified")
    with pytest.raises(DataError, match=r"a\.json exists, but it is not the file of http.*move it away"):
        list(fetch(spec(file), tmp_path))
    assert (tmp_path / "a.json").read_bytes() == b"modified"
    assert server.requests == []


def test_a_non_commercial_licence_must_be_accepted(server: Any, tmp_path: Path) -> None:
    files = spec(server.declare("a.json", b"a"), non_commercial=True, licence="CC BY-NC 4.0")
    with pytest.raises(ConfigError, match=r"forbids commercial use \(CC BY-NC 4\.0.*pass --accept-licence"):
        list(fetch(files, tmp_path))
    assert server.requests == [] and not list(tmp_path.iterdir())
    assert states(fetch(files, tmp_path, accept_licence=True)) == {"a.json": True}
    assert states(fetch(files, tmp_path)) == {"a.json": False}  # nothing to fetch, nothing to accept


def test_two_processes_do_not_write_one_file(server: Any, tmp_path: Path) -> None:
    with FileLock(tmp_path / LOCK), pytest.raises(DataError, match="another process is fetching into"):
        list(fetch(spec(server.declare("a.json", b"a")), tmp_path))


@pytest.mark.parametrize("path", ["../a.json", "/a.json", "out/a.json"])
def test_a_file_never_leaves_the_folder(path: str, server: Any, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(DataError, match=r"must be a relative path inside|leads outside"):
        list(fetch(spec(server.declare("a.json", b"a", path=path)), folder))
    assert server.requests == []


def test_progress_is_told_in_bytes(server: Any, tmp_path: Path) -> None:
    file = server.declare("a.json")
    told: list[tuple[str, int]] = []
    list(fetch(spec(file), tmp_path, progress=lambda file, done: told.append((file.path, done))))
    assert told[0] == ("a.json", 0) and told[-1] == ("a.json", file.size)
