"""``cir-bench data fetch``: a plugin declares files and steps, the user gets files and steps."""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cir_bench.cli import progress

Run = Callable[..., Any]
BENCHMARK = """
name: photos
dataset: photos
default_encoder: tiny
protocols:
  val@1: {reference: removed, metrics: [R@1], headline: {name: R@1, mean_of: [R@1]}}
"""
PLUGIN = """
from pathlib import Path
from cir_bench import DatasetSpec, RemoteFile, hookimpl

@hookimpl
def cir_bench_benchmarks():
    return [Path(__file__).with_name("photos.yaml")]

@hookimpl
def cir_bench_datasets():
    facts = dict(path="captions/val.json", url={url!r}, sha256={sha256!r}, size=2000)
    file = RemoteFile(**facts)
    return [
        DatasetSpec(
            name="photos", summary="some photos", implementation="photos:Photos", licence="CC BY 4.0", files=(file,),
            steps=("unzip the photos in {{root}}/images", "look at them"),
        )
    ]
"""
CONTENT = b"[" + b" " * 1998 + b"]"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the file is served."""
    monkeypatch.delenv("http_proxy", raising=False)
    served = tmp_path / "served"
    served.mkdir()
    (served / "val.json").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(served))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/val.json"
        server.shutdown()


@pytest.fixture
def fetch(run: Run, tmp_path: Path, url: str) -> Callable[..., Any]:
    """``fetch("--json")`` of a third party's data set into ``data/``."""
    plugin = tmp_path / "photos.py"
    plugin.write_text(PLUGIN.format(url=url, sha256=hashlib.sha256(CONTENT).hexdigest()))
    (tmp_path / "photos.yaml").write_text(BENCHMARK)
    return lambda *words: run("data", "fetch", "photos", "--plugin", plugin, *words)


def test_a_third_partys_files_are_fetched_once_and_the_rest_is_told(fetch: Run, tmp_path: Path) -> None:
    place = tmp_path / "data" / "photos"
    for state in ("fetched", "present"):
        done = fetch("--data-root", tmp_path / "data")
        assert done.code == 0
        assert done.out.splitlines() == [
            f"{place}/captions/val.json: {state}, 2.0 kB",
            f"manual step 1: unzip the photos in {place}/images",
            "manual step 2: look at them",
        ]
    assert (place / "captions" / "val.json").read_bytes() == CONTENT


def test_as_json(fetch: Run, tmp_path: Path, url: str) -> None:
    facts = json.loads(fetch("--data-root", tmp_path / "data", "--json").out)
    (file,) = facts["files"]
    assert (file["state"], file["url"], file["size"]) == ("fetched", url, 2000)
    assert file["path"] == str(tmp_path / "data" / "photos" / "captions" / "val.json")
    assert facts["steps"][0].endswith("/data/photos/images")


def test_files_need_a_place(fetch: Run) -> None:
    done = fetch()
    assert done.code == 2
    assert "pass --data-root DIR (or set CIR_BENCH_DATA); they go to DIR/photos." in done.err


def test_a_failed_download_is_one_sentence(fetch: Run, tmp_path: Path) -> None:
    (tmp_path / "served" / "val.json").unlink()
    done = fetch("--data-root", tmp_path / "data")
    assert done.code == 2
    assert "/val.json answers 404" in done.err and "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ('sha256="abc"', "write 64 hex digits in lower case"),
        ('path="../val.json"', "write a relative path below the data set's folder"),
        ('url="file:///etc/passwd"', "write an http or https URL"),
        ("size=0", "how many bytes it has"),
    ],
)
def test_a_wrong_declaration_is_the_plugins_mistake(change: str, sentence: str, fetch: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "photos.py"
    plugin.write_text(plugin.read_text().replace("**facts", f"**(facts | dict({change}))"))
    done = fetch("--data-root", tmp_path / "data")
    assert done.code == 2 and sentence in done.err


@pytest.mark.parametrize("name", ["css", "folder", "hf"])
def test_what_needs_no_files_has_nothing_to_fetch(name: str, run: Run) -> None:
    done = run("data", "fetch", name)
    assert done.code == 0
    assert f"{name}: there is nothing to fetch" in done.out


def test_a_non_commercial_data_set_is_not_fetched_without_a_word(run: Run, tmp_path: Path) -> None:
    done = run("data", "fetch", "circo", "--data-root", tmp_path / "data")
    assert done.code == 2
    assert "CC BY-NC 4.0" in done.err and "pass --accept-licence if you accept it" in done.err
    assert not (tmp_path / "data").exists()


def test_without_a_terminal_progress_is_a_line_now_and_then(
    fetch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    assert "captions/val.json: 0 B of 2.0 kB" in fetch("--data-root", tmp_path / "data").err
