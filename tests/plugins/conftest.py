"""For the tests of all plugins: the command line in this process, and errors in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from support.goldens import Golden, find
from support.summary import LARGEST

from cir_bench import DataError
from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

TOY = Path(__file__).parents[1] / "support" / "toy_plugin.py"


@dataclass
class CirBench:
    """``cir_bench("run", "-m", "sum")`` with options that are the same for every call of a test."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    options: tuple[str, ...]

    def __call__(self, verb: str, *options: str, out: str = "runs") -> tuple[int, str]:
        """The exit code, and everything that was printed."""
        where = ["--out", str(self.folder / out), "--cache-dir", str(self.folder / "cache"), "--device", "cpu"]
        code = main([verb, *self.options, *where, *options])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def records(self, out: str = "runs") -> list[RunRecord]:
        return list(read_records(self.folder / out)[0].values())

    def record(self, out: str = "runs") -> RunRecord:
        (record,) = self.records(out)
        return record


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., CirBench]:
    """``command("-e", "tiny")`` is a `CirBench` with these options in every call."""
    return lambda *options: CirBench(tmp_path, capsys, tuple(map(str, options)))


@pytest.fixture
def on_toy(command: Callable[..., CirBench]) -> Callable[..., CirBench]:
    """The same on the benchmark of the toy plugin."""
    return lambda *options: command("--plugin", TOY, "-b", "toy", *options)


@pytest.fixture
def one_sentence() -> Callable[..., None]:
    """``one_sentence(call, *parts)``: the call raises a `DataError` in one line that has all the parts."""

    def check(call: Callable[[], object], *parts: str) -> None:
        with pytest.raises(DataError) as caught:
            call()
        assert [part for part in parts if part not in str(caught.value)] == []
        assert "\n" not in str(caught.value)

    return check


@pytest.fixture(params=["excerpt", pytest.param("shared", marks=pytest.mark.shared)])
def golden(request: pytest.FixtureRequest) -> Callable[[str], Golden]:
    """``golden("tirg_pooled")``: figures of released code; the summary shows the largest difference of each file."""

    def note(file: str, difference: float) -> None:
        kept = [one for one in request.node.user_properties if one[0] != LARGEST or one[1][0] != file]
        request.node.user_properties[:] = [*kept, (LARGEST, (file, difference))]

    return lambda name: Golden(find(request.param, name), partial(note, f"{name}.npz ({request.param})"))
