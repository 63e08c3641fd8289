"""What the process of a job says, one JSON document per line of a file, which others read while it grows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from cir_bench.engine.request import MESSAGES_FILE
from cir_bench.interfaces.events import CellFinished, CellStarted, EpochFinished, Event, WorkProgress

_EVENTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (CellStarted, CellFinished, EpochFinished, WorkProgress)
}


class MessageWriter:
    """The process's end."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(self._file, b"\n")  # ends the line that a process before this one may have begun

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


class JobMessages:
    """What the job in a folder says, read from anywhere that sees the folder.

    Attributes:
        ended: whether it said that it is done.
        refused: why it does nothing; empty if it does.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._read, self._rest = folder / MESSAGES_FILE, 0, b""
        self.ended, self.refused = False, ""

    def new(self) -> Iterator[Event]:
        """The events since the last call; a job that is started again in its folder goes on in the same file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                heard = file.read()
        except FileNotFoundError:
            return
        self._read += len(heard)
        *lines, self._rest = (self._rest + heard).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:  # empty, or half a line of a process that was killed
                continue
            if "event" in message:
                event: Event = _EVENTS[message["event"]].validate_python(message["value"])
                yield event
            elif "refused" in message:
                self.refused = message["refused"]
            else:
                self.ended = True
