"""``cir-bench run`` in two processes: a light one that watches, and one that computes and may die.

A cell that takes its process along (``os._exit``, a crash in C code, the kernel's out-of-memory killer) or that runs
longer than ``--cell-timeout`` becomes a failed cell, and a new process goes on with the next one. The watcher imports
neither torch nor any plugin; what it hears is written by `cir_bench.runs.lifeline`.
"""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any

from cir_bench.atomic import replacing
from cir_bench.errors import debugging
from cir_bench.interrupts import LIFELINE
from cir_bench.ranks.join import launched
from cir_bench.seals import seal_json

FAILED = 1
PATIENCE = 2
"""How often Ctrl-C is left to the computing process; after that it is killed."""
TICK = 0.2
"""Seconds between two looks at the computing process."""
PROGRAM = """import sys
if sys.path[:1] == [""]:
    del sys.path[0]  # no file of the current folder takes the place of a module, as with the program cir-bench
from cir_bench.cli.app import entry
sys.exit(entry())
"""
SHOW_CURSOR = "\x1b[?25h"
Event = dict[str, Any]


def can_watch() -> bool:
    """Whether this system can, and nobody wants to see tracebacks or is watching already, as ``torchrun`` does."""
    return os.name == "posix" and not debugging() and LIFELINE not in os.environ and launched()[1] == 1


def watch(words: Sequence[str]) -> int:
    """Run ``cir-bench WORDS`` in another process, and again as long as a cell takes it along; the exit code."""
    return _Watch(words).run()


class _Watch:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._finished: list[Event] = []
        self._unheard: list[Event] = []
        self._current: tuple[Event, str] | None = None
        """The event and record of the running cell, if the process dies now."""
        self._running = False
        """Whether it has begun to run; before, a record that it has is still being looked at."""
        self._began = 0.0
        self._limit = math.inf
        """Seconds that a cell may take."""
        self._timed_out = False
        self._ended: int | None = None
        """The exit code of a process that ended by itself."""
        self._interrupts = 0
        self._stopped_by: int | None = None

    def run(self) -> int:
        """Start processes until one ends by itself, or dies at no cell."""
        while True:
            code = self._one_process()
            if self._stopped_by is not None:
                return 128 + self._stopped_by
            if self._ended is not None:
                return self._ended
            if sys.stdout.isatty():
                print(SHOW_CURSOR, end="", flush=True)  # the progress bars of the dead process hid it
            if self._current is None:
                what = f"its process {_cause(code)} while no cell was running; CIR_BENCH_DEBUG=1 runs it in one process"
                print(f"cir-bench: {' '.join(self._words[:1])}: {what}.", file=sys.stderr)
                return FAILED
            self._record_death(*self._current, code)
            self._current = None

    def _one_process(self) -> int:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-X", "faulthandler", "-c", PROGRAM, *self._words]
        environment = {**os.environ, LIFELINE: str(theirs.fileno())}
        told = json.dumps({"before": self._finished, "unheard": self._unheard})
        self._unheard, self._ended, self._timed_out = [], None, False
        with ours, theirs:
            process = subprocess.Popen(  # noqa: S603 (the user's own words, once more)
                command,
                env=environment,
                pass_fds=[theirs.fileno()],
                preexec_fn=os.setpgrp,  # noqa: PLW1509 (no thread runs here that could hold a lock)
            )
            theirs.close()
            heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            before = {number: signal.signal(number, self._handler(process)) for number in heeded}
            try:
                ours.settimeout(TICK)
                _send(ours, told)
                self._listen(ours, process)
                return process.wait()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _listen(self, connection: socket.socket, process: subprocess.Popen[bytes]) -> None:
        """Hear what the process says until it ends."""
        rest = b""
        while True:
            alive = process.poll() is None  # asked first: what it said before it died is still to be heard
            try:
                heard = connection.recv(1 << 20)
            except TimeoutError:
                heard = None
            except ConnectionError:
                heard = b""
            if heard:
                *lines, rest = (rest + heard).split(b"\n")
                for line in lines:
                    self._hear(json.loads(line))
            elif not alive or self._ended is not None or heard == b"":
                return
            self._stop_if_late(process)

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "begin" in message:
            self._current, self._running = (message["begin"], message["record"]), False
            self._began = time.monotonic()
        elif "running" in message:
            self._running = True
        elif "finish" in message:
            self._current = None
            self._finished.append(message["finish"])
        elif "limit" in message:
            self._limit = message["limit"]
        else:
            self._ended = message["end"]

    def _stop_if_late(self, process: subprocess.Popen[bytes]) -> None:
        if self._current is not None and time.monotonic() - self._began > self._limit:
            self._timed_out = True
            process.kill()

    def _handler(self, process: subprocess.Popen[bytes]) -> Callable[[int, FrameType | None], None]:
        """Signals reach this process alone, since the other is a process group of its own; it passes them on."""

        def handle(number: int, frame: FrameType | None) -> None:
            if number == signal.SIGTSTP:
                process.send_signal(signal.SIGSTOP)
                os.kill(os.getpid(), signal.SIGSTOP)  # returns when the shell continues this process
                process.send_signal(signal.SIGCONT)
                return
            self._interrupts += number == signal.SIGINT
            if number != signal.SIGINT or self._interrupts > PATIENCE:
                self._stopped_by = number
            process.send_signal(signal.SIGKILL if self._interrupts > PATIENCE else number)

        return handle

    def _record_death(self, event: Event, record: str, code: int) -> None:
        """Write the record of the cell that took its process along, or did not end."""
        if self._timed_out:
            exception = f"it was stopped after {self._limit:g} s (--cell-timeout)"
            hint = "--retry-failed continues after its last finished epoch; raise --cell-timeout"
        else:
            exception, hint = f"its process {_cause(code)}", _hint(code)
        seconds = time.monotonic() - self._began
        failed = json.loads(record)
        failed["failure"] |= {"exception": exception, "hint": hint}
        failed["cost"]["phases"] = [{"name": "until its process ended", "seconds": seconds}]
        failed["finished"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
        event |= {"outcome": "failed", "reason": f"{exception}; {hint}", "seconds": seconds}
        path = Path(event["folder"]) / "record.json"
        try:
            if self._running or not path.exists():
                with replacing(path) as temporary:
                    content = seal_json(json.dumps(failed))
                    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            print(f"cir-bench: {event['folder']}: no record can be written ({error.strerror}).", file=sys.stderr)
        self._finished.append(event)
        self._unheard.append(event)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP) if os.name == "posix" else ()


def _send(connection: socket.socket, line: str) -> None:
    try:
        connection.sendall(line.encode() + b"\n")
    except ConnectionError:  # it is dead already; waiting for it tells how
        return


def _cause(code: int) -> str:
    if code >= 0:
        return f"ended without a word (exit code {code})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    return f"was killed by signal {-code} ({name})"


def _hint(code: int) -> str:
    if code == -signal.SIGKILL:
        return "the system does this when memory runs out: try smaller batches; --retry-failed runs it again"
    if code in {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGABRT, -signal.SIGFPE}:
        return "compiled code crashed, and the lines above say where; --retry-failed runs it again"
    return "a plugin ends the process itself; --retry-failed runs it again"
