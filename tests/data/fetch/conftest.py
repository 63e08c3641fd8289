"""A web server on this machine whose files, faults and requests a test decides and sees."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cir_bench import RemoteFile
from cir_bench.data import transfer

CONTENT = bytes(range(256)) * 4096
"""1 MiB."""


@dataclass
class Server:
    """What it serves and how.

    Attributes:
        files: content by name.
        cuts: the connection ends after so many bytes, one entry per request.
        answers: these statuses first, one per request, then files.
        ranges: whether it can continue.
        lies: it answers another range than was asked for.
        requests: (name, Range header) of every request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    ranges: bool = True
    lies: bool = False
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def declare(self, name: str, content: bytes = CONTENT, *, path: str = "", **other: object) -> RemoteFile:
        """Serve a file, and the declaration of it; ``other`` declares it wrongly."""
        self.files[name] = content
        facts = {"url": f"{self.url}/{name}", "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        return RemoteFile(path=path or name, **{**facts, **other})  # type: ignore[arg-type]


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, wanted = self.path.lstrip("/"), self.headers.get("Range")
            server.requests.append((name, wanted))
            if server.answers or name not in server.files:
                self.send_error(server.answers.pop(0) if server.answers else 404)
                return
            content, start = server.files[name], 0
            if wanted and server.ranges:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                start -= 1 if server.lies else 0
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            body = content[start:]
            self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Runs while the test does; no proxy stands before it, and nobody waits between two tries."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(transfer, "PAUSE", 0.0)
    state = Server()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(state)) as running:
        state.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield state
        running.shutdown()
        thread.join()
