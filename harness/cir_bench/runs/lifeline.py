"""`Lifeline`: how a process that computes cells tells the one that watches it (`cir_bench.cli.watch`) where it is.

One JSON document per line over a socket. The watcher's first line has the events of the cells that an earlier process
finished; then the computing process announces each cell before it looks at it, and each event of a finished one. When
the watcher dies, the computing process ends.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from cir_bench.interfaces.events import CellFinished
from cir_bench.interrupts import LIFELINE
from cir_bench.records.record import RunRecord

_EVENT = TypeAdapter(CellFinished)


class Lifeline:
    """The computing process's end.

    Attributes:
        before: events of cells that earlier processes of this run finished, in order.
        unheard: those among them that no listener has heard of, since the process died.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        lines = connection.makefile("rb")
        told: Mapping[str, Any] = json.loads(lines.readline())
        self.before: list[CellFinished] = [_EVENT.validate_python(event) for event in told["before"]]
        self.unheard: list[CellFinished] = [_EVENT.validate_python(event) for event in told["unheard"]]
        threading.Thread(target=_end_with, args=(lines,), name="lifeline", daemon=True).start()

    def begin(self, event: CellFinished, record: RunRecord) -> None:
        """A cell begins; ``event`` and ``record`` are what remains of it if this process dies."""
        self._send({"begin": _EVENT.dump_python(event, mode="json"), "record": record.model_dump_json(indent=1)})

    def running(self) -> None:
        """The cell that has begun is not skipped: what record it has is out of date."""
        self._send({"running": True})

    def finish(self, event: CellFinished) -> None:
        """A cell is done with."""
        self._send({"finish": _EVENT.dump_python(event, mode="json")})

    def limit(self, seconds: float) -> None:
        """No cell may take longer than this."""
        self._send({"limit": seconds})

    def end(self, code: int) -> None:
        """This process ends by itself, with this exit code."""
        self._send({"end": code})

    def _send(self, message: Mapping[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")


@cache
def open_lifeline() -> Lifeline | None:
    """The lifeline of this process; None when nobody watches it. Its own child processes are not told of it."""
    number = os.environ.pop(LIFELINE, "")
    if not number:
        return None
    os.set_inheritable(int(number), False)
    return Lifeline(socket.socket(fileno=int(number)))


def _end_with(lines: Any) -> None:
    """Wait for the watcher to go away, then end this process as a kill would."""
    lines.read()
    os.kill(os.getpid(), signal.SIGKILL)
