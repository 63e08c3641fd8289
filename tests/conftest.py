"""For all tests: the same examples of properties on every run, no waiting for disks, the real annotations."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.summary import LARGEST

from cir_bench.plugin import candidates

settings.register_profile(
    "deterministic", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("deterministic")


def pytest_collection_finish() -> None:
    """Every collection of garbage then looks at new objects alone, not at all tests and imported modules."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How far the methods are from each file of figures of their released code."""
    found: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == LARGEST:
                    file, difference = value
                    found[file] = max(difference, found.get(file, 0.0))
    if found:
        terminalreporter.section(LARGEST)
        for file, value in sorted(found.items()):
            terminalreporter.line(f"{value:8.1e}  {file}")


@pytest.fixture(autouse=True, scope="session")
def no_fsync():
    """Whatever tests write is gone with them, so nothing has to reach the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def entry_points_once() -> Iterator[None]:
    """Those of 200 distributions are read again when a folder of the path has changed, not by every command."""
    installed = candidates.installed

    @cache
    def read(folders: tuple[tuple[str, int], ...]) -> list[candidates.Candidate]:
        return installed()

    def of_now() -> list[candidates.Candidate]:
        return read(tuple((folder, os.stat(folder).st_mtime_ns) for folder in sys.path if os.path.isdir(folder)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "installed", of_now)
        yield


@pytest.fixture(autouse=True)
def import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of single-file plugins stay on the path of a process; here, that of one test is not the next one's."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are not wrapped, so that they can be found in what was printed."""
    monkeypatch.setattr("cir_bench.cli.layout.width", lambda: 10_000)


@pytest.fixture(scope="module")
def forked() -> Iterator[None]:
    """Processes of Python that a module's tests start are forks of this one, which need not import torch again."""
    from support.forked import forking

    with forking():
        yield


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """``real_data("cirr/captions")`` is the data root of the real annotations; skips where it has no such path."""

    def find(needed: str) -> Path:
        place = os.environ.get("CIR_BENCH_SHARED", str(Path(__file__).parents[2] / "shared"))
        data_root = Path(place) / "data"
        if not (data_root / needed).exists():
            pytest.skip(f"needs {data_root / needed} (CIR_BENCH_SHARED names another folder)")
        return data_root

    return find
