"""What the process of a job says, one JSON document per line of a file, which others read while it grows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from cir_bench.interfaces.events import CellFinished, CellStarted, EpochFinished, Event, WorkProgress

_EVENTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (CellStarted, CellFinished, EpochFinished, WorkProgress)
}


class MessageWriter:
    """The process's end."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def event(self, event: Event) -> None:
        """Pass an event on."""
        name = type(event).__name__
        if name in _EVENTS:
            self._say({"event": name, "value": _EVENTS[name].dump_python(event, mode="json")})

    def refused(self, sentence: str) -> None:
        """The job cannot be done here."""
        self._say({"refused": sentence})

    def done(self) -> None:
        """The process ends by itself, and has said everything."""
        self._say({"done": True})

    def _say(self, message: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(message).encode() + b"\n")


class MessageReader:
    """The reader's end. ``ended``: whether the process said that it is done; ``refused``: why it does nothing."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._rest = path, 0, b""
        self.ended, self.refused = False, ""

    def new(self) -> Iterator[Event]:
        """The events since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                heard = file.read()
        except FileNotFoundError:
            return
        self._read += len(heard)
        *lines, self._rest = (self._rest + heard).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "event" in message:
                event: Event = _EVENTS[message["event"]].validate_python(message["value"])
                yield event
            elif "refused" in message:
                self.refused = message["refused"]
            else:
                self.ended = True
