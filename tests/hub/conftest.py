"""A server on this machine that speaks as much of the Hub's HTTP as `huggingface_hub` uses here; records to send.

Every file is stored in Git there (``uploadMode`` regular); on the Hub itself, weights go to another storage.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from cir_bench.cli.app import main

CELLS = Path(__file__).parents[2] / "leaderboard" / "records" / "css" / "test@1" / "controlled" / "tiny"
TOKEN = "hf_of_the_user"


@dataclass
class Repo:
    private: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    """What the list of files says instead of the truth."""

    @property
    def commit(self) -> str:
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()


@dataclass
class Hub:
    """Repositories by kind and name (``datasets/owner/name``), and every request with its token."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)
    """Tokens that may not write."""
    refusal: tuple[int, str] | None = None
    """A status and an ``X-Error-Code`` for everything that is read."""

    def fill(self, name: str, files: Mapping[str, bytes]) -> None:
        """Make a repository with these files."""
        self.repos[name] = Repo(files=dict(files))

    def downloads(self) -> list[str]:
        """The files that were asked for, each once."""
        return sorted({one.partition("/resolve/")[2].partition("/")[2] for one in self.requests if "/resolve/" in one})


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: Any = b"", **headers: str) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def heard(self) -> str:
            path = unquote(urlsplit(self.path).path)
            if path == "/api/agent-harnesses":  # asked once in a process, by huggingface_hub itself
                return path
            hub.requests.append(f"{self.command} {path}")
            token = self.headers.get("Authorization")
            hub.tokens.add(token.removeprefix("Bearer ") if token else None)
            return path

        def do_GET(self) -> None:
            path = self.heard()
            found = re.fullmatch(r"/(?:api/)?((?:datasets|models)/[^/]+/[^/]+)(?:/(\w+)/([^/]+)(?:/(.*))?)?", path)
            repo = hub.repos.get(found[1]) if found else None
            if hub.refusal is not None:
                self.answer(hub.refusal[0], X_Error_Code=hub.refusal[1])
            elif found is None or repo is None:
                self.answer(404, X_Error_Code="RepoNotFound")
            elif found[3] not in {None, "main", repo.commit}:
                self.answer(404, X_Error_Code="RevisionNotFound")
            elif found[2] == "tree":
                self.tree(repo, found[4])
            elif found[2] == "resolve":
                content = repo.files[found[4]]
                self.answer(200, content, ETag=f'"{hashlib.sha1(content).hexdigest()}"', X_Repo_Commit=repo.commit)
            else:
                self.answer(200, {"id": found[1].partition("/")[2], "sha": repo.commit, "private": repo.private})

        def do_HEAD(self) -> None:
            self.do_GET()

        def tree(self, repo: Repo, below: str) -> None:
            inside = {path: content for path, content in repo.files.items() if path.startswith(f"{below}/")}
            if not inside:
                self.answer(404, X_Error_Code="EntryNotFound")
                return
            files = [
                {"type": "file", "oid": "0" * 40, "path": path, "size": repo.sizes.get(path, len(content))}
                for path, content in inside.items()
            ]
            self.answer(200, [{"type": "directory", "oid": "0" * 40, "path": below}, *files])

        def do_POST(self) -> None:
            path, body = self.heard(), self.rfile.read(int(self.headers["Content-Length"]))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if path == "/api/validate-yaml":
                self.answer(200, {"errors": [], "warnings": []})
            elif not token or token in hub.readers:
                self.answer(403 if token else 401, {"error": "You need a token that may write"})
            elif path == "/api/repos/create":
                self.create(json.loads(body))
            elif "/preupload/" in path:
                files = [
                    {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for one in json.loads(body)["files"]
                ]
                self.answer(200, {"files": files})
            else:
                self.commit(path, [json.loads(line) for line in body.splitlines()])

        def create(self, asked: dict[str, Any]) -> None:
            kind = f"{asked.get('type', 'model')}s"
            name = f"{kind}/{asked['organization']}/{asked['name']}"
            url = {"url": f"{hub.url}/{name.removeprefix('models/')}"}
            private = asked.get("visibility") == "private" or asked.get("private") is True
            if name in hub.repos:
                self.answer(409, url)
            else:
                hub.repos[name] = Repo(private)
                self.answer(200, url)

        def commit(self, path: str, lines: list[dict[str, Any]]) -> None:
            name = path.removeprefix("/api/").partition("/commit/")[0]
            repo = hub.repos[name]
            for line in lines:
                if line["key"] == "header":
                    repo.messages.append(line["value"]["summary"])
                else:
                    repo.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            url = f"{hub.url}/{name.removeprefix('models/')}/commit/{repo.commit}"
            self.answer(200, {"commitUrl": url, "commitOid": repo.commit})

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def ask(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What HF_ENDPOINT does when `huggingface_hub` is imported."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Runs while the test does; the user's token is in HF_TOKEN."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    state = Hub()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(state)) as running:
        state.url = f"http://127.0.0.1:{running.server_address[1]}"
        ask(monkeypatch, state.url)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield state
        running.shutdown()
        thread.join()


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    """Nobody listens where the Hub is."""
    ask(monkeypatch, "http://127.0.0.1:9")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder ``runs`` with two of the committed cells, and the working directory above it."""
    for name in ("sum", "image-only"):
        shutil.copytree(CELLS / name / "seed-0", tmp_path / "runs" / "cells" / name / "seed-0")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """``command("push", …)``: exit code, output and errors."""

    def call(*words: Any) -> tuple[int, str, str]:
        code = main([*map(str, words), "--cache-dir", str(tmp_path / "cache"), "--no-plugins"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
