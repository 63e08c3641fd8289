"""Processes of this Python that begin as a fork of this one, which has imported everything already.

A process that imports torch and trains needs four seconds of a processor before its first batch; a fork needs none. It
has its own process id, signals, files, environment and folder all the same, so it can be killed, interrupted and waited
for as any other. What a fresh interpreter imports, or does when it begins and ends, it does not show.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import inspect
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

import torch

from cir_bench.runs.lifeline import open_lifeline

_SIGNATURE = inspect.signature(subprocess.Popen._execute_child)
_ENDS = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
_DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"


class ForkedPopen(subprocess.Popen):
    """`subprocess.Popen`, but a command of ``sys.executable`` is run in a fork; and so are those that it starts."""

    fresh = 0
    """How many of the next commands are run in fresh interpreters all the same."""

    def _execute_child(self, *args: Any) -> None:
        given = _SIGNATURE.bind(self, *args).arguments
        command = given["args"]
        of_python = not isinstance(command, (str, bytes)) and str(command[0]) == sys.executable
        if not of_python or ForkedPopen.fresh:
            ForkedPopen.fresh -= of_python
            super()._execute_child(*args)
            return
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _run([str(word) for word in command[1:]], given)
        self._child_created = True
        self._close_pipe_fds(*(given[end] for end in _ENDS))


@contextmanager
def forking(fresh: int = 0) -> Iterator[None]:
    """In the block, `subprocess.Popen` is a `ForkedPopen`, but for the first ``fresh`` commands."""
    importlib.import_module("torch._dynamo")  # as the first optimiser of a process does
    with patch("subprocess.Popen", ForkedPopen), patch.object(ForkedPopen, "fresh", fresh):
        yield


def _run(words: list[str], given: Mapping[str, Any]) -> NoReturn:
    """Be the process that was asked for."""
    code = 1
    try:
        _prepare(given)
        code = _exit_code(words)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                code = code or 120  # as the interpreter does
        os._exit(code)


def _prepare(given: Mapping[str, Any]) -> None:
    """Streams, signals, folder and environment of a new process; nothing else of the old one is open."""
    gc.freeze()  # nothing of the old process is cleaned up in this one
    for place, end in enumerate(("p2cread", "c2pwrite", "errwrite")):
        if given[end] != -1:
            os.dup2(given[end], place)
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir(_DESCRIPTORS):
        if int(name) > 2 and int(name) not in given["pass_fds"]:
            os.dup2(nothing, int(name))  # not closed: a file that is opened later must not get the number of an old one
    if given["cwd"] is not None:
        os.chdir(given["cwd"])
    if given["env"] is not None:
        environment = {os.fsdecode(name): os.fsdecode(value) for name, value in given["env"].items()}
        os.environ.clear()
        os.environ.update(environment)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if given["start_new_session"]:
        os.setsid()
    if given["preexec_fn"] is not None:
        given["preexec_fn"]()
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(place, mode, closefd=False) for place, mode in enumerate("rww"))
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    faulthandler.enable(sys.stderr)
    open_lifeline.cache_clear()  # a process looks for its watcher once
    torch.set_num_threads(1)  # a fork has no pool of threads


def _exit_code(words: Sequence[str]) -> int:
    """Run the module, the code or the file that the words name, as ``python`` does."""
    while words[0] in {"-X", "-u"}:  # fault handler and line buffering are as they should be
        words = words[1 + (words[0] == "-X") :]
    try:
        if words[0] == "-m":
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        elif words[0] == "-c":
            sys.argv = ["-c", *words[2:]]
            exec(words[1], {"__name__": "__main__"})
        else:
            sys.argv = words
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
