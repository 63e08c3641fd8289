"""A server in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def serving(served: Any, feedback: Path, **options: Any) -> Iterator[str]:
    """The address of a server of some opened indexes."""
    from cir_bench.search.serve.app import make_app
    from cir_bench.search.serve.run import Address, Server, listen, url_of

    address, started = Address(port=0), threading.Event()
    with listen(address) as listening:
        server = Server(make_app(served, feedback, **options), started.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert started.wait(30)
        try:
            yield url_of(listening, "")
        finally:
            server.stop()
            thread.join(30)
            assert not thread.is_alive()
