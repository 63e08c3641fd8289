"""`perform`: a job on a worker, in a process of its own that may die. Imports no torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench.atomic import replacing
from cir_bench.engine.messages import JobMessages
from cir_bench.engine.request import CACHE, JOB, OUT, REQUEST_FILE, JobRequest
from cir_bench.engine.snapshot import Snapshot
from cir_bench.errors import ConfigError
from cir_bench.interfaces.events import EpochFinished
from cir_bench.interfaces.executor import Job, JobEnded, JobEvent, JobFiles, Message

TICK = 0.1
"""Seconds between two looks at the process."""
GRACE = 10.0
"""Seconds that a cancelled process has to end by itself."""


def perform(
    job: Job,
    folder: Path,
    files: Iterable[tuple[str, bytes]] = (),
    *,
    cache: Path | None = None,
    file_seconds: float = 30.0,
    environment: Mapping[str, str] | None = None,
    until: Callable[[], bool] = lambda: False,
) -> Generator[Message, None, None]:
    """Do a job, and yield what happens until it has ended. Closing the iterator stops the job.

    Args:
        job: what was submitted.
        folder: a folder for this job alone; created, and left to the caller.
        files: the contents of ``job.files`` by name, where the file system is not shared.
        cache: a folder for features that the jobs of this machine share, where the file system is not shared.
        file_seconds: checkpoints are yielded at most this often, where the file system is not shared.
        environment: variables for the process of the job, such as ``CUDA_VISIBLE_DEVICES``.
        until: asked several times a second; once it is true, the job is cancelled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if cache is None or JobRequest.model_validate_json(job.request).task == "features":
        cache = folder / "cache"  # what it holds at the end is what comes back
    text = job.request.replace(JOB, _in_json(folder)).replace(CACHE, _in_json(cache))
    request = JobRequest.model_validate_json(text)
    (folder / REQUEST_FILE).write_text(text, encoding="utf-8")
    for name, content in files:
        _write(cache / name.removeprefix("cache/") if name.startswith("cache/") else folder / name, content)
    results = None
    if not request.shared:
        results = Snapshot({"cache": cache} if request.task == "features" else {OUT: folder / OUT})
    process = _start(request, job, folder, environment or {})
    try:
        yield from _Following(job.name, request, process, results, file_seconds).messages(folder, until)
    finally:
        _stop(process)


@dataclass(frozen=True)
class _Following:
    """A job's process, until it ends or is to be stopped."""

    job: str
    request: JobRequest
    process: subprocess.Popen[bytes]
    results: Snapshot | None
    file_seconds: float

    def messages(self, folder: Path, until: Callable[[], bool]) -> Iterator[Message]:
        """What it says; its last message is a `JobEnded`."""
        reader, began, sent, limit = JobMessages(folder), time.monotonic(), 0.0, self.request.limit
        while True:
            alive = self.process.poll() is None  # asked first: what it said before it ended is still to be read
            for event in reader.new():
                yield JobEvent(self.job, event)
                now = time.monotonic()
                if self.results and isinstance(event, EpochFinished) and now - sent >= self.file_seconds:
                    sent = now
                    yield JobFiles(self.job, self.results.changes())
            if not alive:
                break
            if until():
                yield JobEnded(self.job, "cancelled")
                return
            if limit is not None and time.monotonic() - began > limit:
                yield JobEnded(self.job, "late", f"it was stopped after {limit:g} s (--cell-timeout)")
                return
            time.sleep(TICK)
        yield from self._end(reader)

    def _end(self, reader: JobMessages) -> Iterator[Message]:
        if reader.refused:
            yield JobEnded(self.job, "refused", reader.refused)
        elif not reader.ended:
            yield JobEnded(self.job, "lost", f"its process {cause_of(self.process.returncode)}")
        else:
            if self.results:
                yield JobFiles(self.job, self.results.changes())
            yield JobEnded(self.job, "finished")


def cause_of(code: int) -> str:
    """How a process ended, after "its process"."""
    if code >= 0:
        return f"ended without a word (exit code {code})"
    with suppress(ValueError):
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    return f"was killed by signal {-code}"


def _start(request: JobRequest, job: Job, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    ranks = int(job.gpus) if job.gpus > 1 else 1
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)] if ranks > 1 else []
    threads = str(max(1, job.cpus // ranks))
    variables: dict[str, str] = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    if not job.gpus:
        variables["CUDA_VISIBLE_DEVICES"] = ""
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": sys.stderr.fileno() if _has_file() else None}
    try:
        return subprocess.Popen(  # noqa: S603 (this Python, once more)
            [sys.executable, "-X", "faulthandler", *launcher, "-m", "cir_bench.engine.work", str(folder)],
            cwd=folder,
            env={**variables, **environment},
            start_new_session=True,  # Ctrl-C in a terminal reaches the driver alone, which cancels
            **options,
        )
    except OSError as error:
        raise ConfigError(f"{request.cells[0].name}: no process can be started ({error.strerror}).") from error


def _has_file() -> bool:
    """Whether standard error is a file of the system."""
    try:
        sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children, first as Ctrl-C does."""
    for number, seconds in ((signal.SIGINT, GRACE), (signal.SIGKILL, None)):
        if process.poll() is not None:
            break
        with suppress(OSError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)  # decoders that outlived it
    if process.stdin is not None:
        process.stdin.close()


def _write(path: Path, content: bytes) -> None:
    """Unless it is there: jobs of one machine share a cache."""
    if not path.exists() or path.stat().st_size != len(content):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(content)


def _in_json(path: Path) -> str:
    return json.dumps(str(path.absolute()))[1:-1]
