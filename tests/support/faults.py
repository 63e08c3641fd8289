"""Runs of the toy benchmark in forked processes, which may be killed; what they leave and which numbers they give."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord
from cir_bench.training.checkpoints import Checkpoints, kept_weights
from cir_bench.training.epoch import StageRun

SUPPORT = Path(__file__).parent
SCALE = float(os.environ.get("CIR_BENCH_FAULTS", "0"))
"""The share of the cases that is tried: 1 is all of them (`make faults`), 0 one of each kind."""
BUGS = ("Traceback", "CIR_BENCH_DEBUG", "looks like a bug")
"""What is said about an exception that nobody has put into words."""


def share(cases: int) -> int:
    """How many of so many cases are tried."""
    return max(1, round(cases * SCALE))


@dataclass
class Tally:
    """Cases of one fault: tried, and why each was survived."""

    name: str
    survived: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, why: str) -> None:
        """A case was survived."""
        self.survived[why] += 1

    @contextmanager
    def trying(self, what: object) -> Iterator[None]:
        """A case; when it fails, the others are tried nevertheless."""
        try:
            yield
        except Exception as error:
            self.failed.append(f"{what!r:.500}: {type(error).__name__}: {error!s:.3000}")

    def __str__(self) -> str:
        tried = self.survived.total() + len(self.failed)
        why = ", ".join(f"{count} {why}" for why, count in self.survived.most_common())
        return f"{self.name}|{tried}|{self.survived.total()}|{why}"


@dataclass(frozen=True)
class Ended:
    """How a child process ended, and what it said."""

    code: int
    said: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    def check(self) -> Ended:
        """No exception that nobody has put into words."""
        assert not any(word in self.said for word in BUGS), self.said
        return self


def in_child(function: Callable[[], int], folder: Path) -> Ended:
    """Call ``function`` in a fork of this process, which has imported everything already."""
    said = folder / "said.txt"
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            torch.set_num_threads(1)
            descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
            sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
            code = function()
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return Ended(os.waitstatus_to_exitcode(status), said.read_text(errors="replace"))


@dataclass(frozen=True)
class Place:
    """A folder with the output and the cache of runs with ``options``."""

    folder: Path
    options: Sequence[str]

    @property
    def out(self) -> Path:
        return self.folder / "runs"

    @property
    def cell(self) -> Path:
        """The folder of the one cell."""
        (found,) = {path.parent for path in self.out.rglob("checkpoints")}
        return found

    def words(self, verb: str = "run") -> list[str]:
        plugins = [word for name in ("toy_plugin", "staged_plugin") for word in ("--plugin", f"{SUPPORT / name}.py")]
        places = ["--out", str(self.out), "--cache-dir", str(self.folder / "cache"), "--device", "cpu"]
        return [verb, *plugins, "-b", "toy", *places, *self.options]

    def run(self, before: Callable[[], None] = lambda: None) -> Ended:
        """Run the cell in a child process that calls ``before`` first."""
        from cir_bench.cli.app import main

        self.folder.mkdir(parents=True, exist_ok=True)

        def call() -> int:
            before()
            return main(self.words())

        return in_child(call, self.folder)

    def copy(self, to: Path) -> Place:
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to)
        return Place(to, self.options)

    def record(self) -> RunRecord:
        (record,) = read_records(self.out)[0].values()
        return record

    def numbers(self) -> tuple[Any, ...]:
        """Everything that a run measures, but for times."""
        record = self.record()
        epochs = [(epoch.stage, epoch.epoch, epoch.terms, epoch.selection) for epoch in record.history]
        weights = kept_weights(self.cell / "checkpoints") or {}
        values = {name: tensor.flatten().tolist() for name, tensor in sorted(weights.items())}
        return record.metrics, record.tags, record.selection, epochs, record.rankings, values

    def files(self) -> set[str]:
        """Everything below the folder."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}


def interrupt_after(epochs: int) -> None:
    """Kill this process once so many epochs are saved."""
    save, saved = Checkpoints.save, itertools.count(1)

    def counting(self: Checkpoints, state: Any) -> None:
        save(self, state)
        if next(saved) == epochs:
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoints.save = counting  # type: ignore[method-assign]


def count_epochs(log: Path) -> None:
    """Write one byte to ``log`` for every epoch that begins in this process."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    train = StageRun.train

    def counting(self: StageRun, *args: Any) -> Any:
        os.write(descriptor, b"x")
        return train(self, *args)

    StageRun.train = counting  # type: ignore[method-assign]


_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}


def on_operation(root: Path, notice: Callable[[str], None]) -> None:
    """Call ``notice`` in this process before each operation that changes files below ``root``."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if (event in _CHANGES or writes) and str(arguments[0]).startswith(str(root)):
            notice(event)

    sys.addaudithook(hook)
    os.fsync = lambda descriptor: notice("fsync")


def kill_at(number: int, root: Path) -> None:
    """Kill this process before its file operation of this number below ``root``, counted from 0."""
    operations = itertools.count()

    def notice(event: str) -> None:
        if next(operations) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    on_operation(root, notice)


def flips(path: Path, count: int, seed: int) -> Iterator[bytes]:
    """The content of a file with one bit flipped, at ``count`` random places."""
    import random

    content = path.read_bytes()
    for bit in random.Random(f"{path.name} {seed}").sample(range(8 * len(content)), min(count, 8 * len(content))):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)
