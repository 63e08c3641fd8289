"""Tiny models, saved once; pictures; a fake server of embeddings; no network but this machine's."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, version

import pytest
import torch
from packaging.version import Version

from cir_bench import Context, ImageRef
from cir_bench.testing.pictures import DATASET, Pictures

OWN_QUERY, OWN_DOCUMENT = "Find the edited picture.", "Represent the picture."


def too_old():
    try:
        return Version(version("sentence-transformers")) < Version("6.0")
    except PackageNotFoundError:
        return True


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """The folders of ``clip``, ``blip``, ``vlm``, and ``prompted``: a vlm with prompts of its own."""
    if too_old():
        pytest.skip("needs cir-bench[st]: sentence-transformers 6.0 or newer")
    from support import tiny_multimodal as tiny

    folder = tmp_path_factory.mktemp("multimodal")
    return {
        "clip": str(tiny.write_clip(folder / "clip")),
        "blip": str(tiny.write_blip(folder / "blip")),
        "vlm": str(tiny.write_vlm(folder / "vlm")),
        "prompted": str(tiny.write_vlm(folder / "prompted", query=OWN_QUERY, document=OWN_DOCUMENT)),
    }


@pytest.fixture
def context(tmp_path):
    return Context(data_root=tmp_path, cache_dir=tmp_path / ".cache", dataset=DATASET, seed=3)


@pytest.fixture
def pictures():
    dataset = Pictures()
    return [ImageRef(DATASET, dataset, name) for name in dataset.names]


@pytest.fixture(autouse=True)
def this_machine_alone(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


class FakeServer:
    """Answers ``/v1/models`` and ``/v1/embeddings``: a vector that depends on everything in the messages.

    ``replies`` are taken first, one for each request of an embedding: a status, or (status, headers, body). ``slow``
    is called with the text of a request before it is answered.
    """

    def __init__(self, width=6):
        self.width, self.replies, self.requests, self.keys, self.names = width, [], [], [], ["tiny-vlm"]
        self.slow = lambda text: None
        self.lock = threading.Lock()

    def vector(self, body):
        seed = json.dumps([body["messages"], body.get("dimensions")])
        generator = torch.Generator().manual_seed(sum(ord(letter) * (i + 1) for i, letter in enumerate(seed)) % 2**31)
        return torch.randn(body.get("dimensions", self.width), generator=generator).tolist()

    def answer(self, body):
        with self.lock:
            self.requests.append(body)
            reply = self.replies.pop(0) if self.replies else None
        if reply is not None:
            return reply if isinstance(reply, tuple) else (reply, {}, {"error": {"message": "try later"}})
        self.slow(texts_of(body))
        return 200, {}, {"data": [{"index": 0, "embedding": self.vector(body)}]}


def texts_of(body):
    """The user's text of a request."""
    return "".join(part.get("text", "") for part in body["messages"][-1]["content"])


@pytest.fixture
def server():
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(200, {}, {"data": [{"id": name} for name in fake.names]})

        def do_POST(self):
            fake.keys.append(self.headers.get("Authorization"))
            self.reply(*fake.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def reply(self, status, headers, body):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{http.server_port}/v1"
    yield fake
    http.shutdown()
    http.server_close()
    thread.join(30)
