"""Files and folders appear whole or not at all, on disk before they get their name; killed writers are cleaned up."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.killed import kill_writer

from cir_bench import atomic
from cir_bench.atomic import STALE_SECONDS, replacing, replacing_folder

WRITERS = [replacing, replacing_folder]


def write(writer, path: Path, text: str) -> None:
    with writer(path) as temporary:
        (temporary / "part" if writer is replacing_folder else temporary).write_text(text)


def read(path: Path) -> str:
    return (path / "part" if path.is_dir() else path).read_text()


@pytest.fixture(params=WRITERS)
def writer(request):
    return request.param


def test_the_whole_content_takes_the_place_and_nothing_else_is_left(writer, tmp_path):
    path = tmp_path / "new" / "folders" / "x.json"
    write(writer, path, "whole")
    assert read(path) == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_bytes_are_written_as_they_are(tmp_path):
    with replacing(tmp_path / "x") as temporary:
        temporary.write_bytes(b"\r\n\0")
    assert (tmp_path / "x").read_bytes() == b"\r\n\0"


def test_an_error_leaves_the_old_file(tmp_path):
    (tmp_path / "x").write_text("old")
    with suppress(RuntimeError), replacing(tmp_path / "x") as temporary:
        temporary.write_text("ne")
        raise RuntimeError
    assert read(tmp_path / "x") == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_an_error_leaves_no_folder(tmp_path):
    with suppress(RuntimeError), replacing_folder(tmp_path / "x") as temporary:
        (temporary / "part").write_text("ne")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_an_empty_one_only(tmp_path):
    (tmp_path / "x").mkdir()
    write(replacing_folder, tmp_path / "x", "whole")
    with pytest.raises(OSError, match="not empty"):
        write(replacing_folder, tmp_path / "x", "other")
    assert read(tmp_path / "x") == "whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_cleans_up(writer, tmp_path):
    if writer is replacing:
        (tmp_path / "x").write_text("old")
    left = kill_writer(tmp_path / "x", writer.__name__)
    assert left.exists()
    assert not (tmp_path / "x").exists() or read(tmp_path / "x") == "old"
    write(writer, tmp_path / "y", "whole")
    assert not left.exists()


def test_what_a_live_process_writes_stays(writer, tmp_path):
    with writer(tmp_path / "x") as live:
        if writer is replacing:
            live.write_text("half")
        write(writer, tmp_path / "x", "whole")
        assert live.exists()
        (tmp_path / "x").rename(tmp_path / "y")


@pytest.mark.parametrize("seconds", [STALE_SECONDS - 600, STALE_SECONDS + 600])
def test_what_another_host_writes_is_removed_when_it_is_old(writer, seconds, tmp_path):
    left = kill_writer(tmp_path / "x", writer.__name__, host="f" * 8)
    for path in [left, *left.rglob("*")]:
        os.utime(path, (0, time.time() - seconds))
    write(writer, tmp_path / "y", "whole")
    assert left.exists() == (seconds < STALE_SECONDS)


def test_a_folder_is_as_old_as_the_newest_file_in_it(tmp_path):
    left = kill_writer(tmp_path / "x", "replacing_folder", host="f" * 8)
    os.utime(left, (0, time.time() - 2 * STALE_SECONDS))
    write(replacing, tmp_path / "y", "whole")
    assert left.exists()


@pytest.mark.parametrize("name", ["x.tmp", ".x.tmp", ".x.0.tmp", f".x.{'0' * 8}.{'0' * 8}.tmp", "thesis.4711.tmp"])
def test_what_no_writer_left_stays(name, tmp_path):
    (tmp_path / name).write_text("mine")
    os.utime(tmp_path / name, (0, 0))
    write(replacing, tmp_path / "y", "whole")
    assert (tmp_path / name).exists()


def test_content_is_on_disk_before_it_gets_its_name_and_the_name_afterwards(writer, tmp_path, monkeypatch):
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def seen(descriptor: int) -> None:
        events.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.split(".")[-1])
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        events.append("renamed")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", seen)
    monkeypatch.setattr(os, "replace", renamed)
    write(writer, tmp_path / "x", "whole")
    content = ["part", "tmp"] if writer is replacing_folder else ["tmp"]
    assert events == [*content, "renamed", tmp_path.name]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_are_the_usual_ones(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        write(replacing, tmp_path / "x", "whole")
        write(replacing_folder, tmp_path / "y", "whole")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "y").stat().st_mode) == 0o777 & ~umask


def test_a_device_is_written_to_and_not_replaced():
    script = "import sys; from pathlib import Path; from cir_bench.atomic import replacing\n"
    script += "with replacing(Path('/dev/stdout')) as out: out.write_text('whole')"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "whole"


def test_nothing_else_in_the_harness_renames_files():
    renames = re.compile(r"os\.(replace|rename)\(|\.rename\(|mkstemp|mkdtemp|NamedTemporaryFile|shutil\.move")
    sources = [path for path in Path(atomic.__file__).parent.rglob("*.py") if path != Path(atomic.__file__)]
    found = [path for path in sources if renames.search(path.read_text(encoding="utf-8"))]
    shown = Path(atomic.__file__).parent / "cli" / "search.py"
    assert found == [shown], "`search --open` writes a page to the system's folder for temporary files, and no other"
