"""Packages that `cir-bench new` wrote, made importable without installing them into this environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

METADATA = "from setuptools import setup; setup()"


class Outcomes:
    """A pytest plugin that counts the tests of another session by their outcome."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.count[report.outcome] += 1


@pytest.fixture(autouse=True)
def _no_plugin_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin file and the folder of its tests stay in this process, and its name could then not be taken."""
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if not Path(folder, "mine.py").exists()])


class Project:
    """A package's folder, whose entry points are found and whose tests and commands run in this process.

    The metadata are written beside its code, and its code is on the path: what ``pip install -e`` does, without pip.
    """

    def __init__(self, folder: Path, cli: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._cli, self._monkeypatch = folder, cli, monkeypatch
        subprocess.run([sys.executable, "-c", METADATA, "-q", "egg_info"], check=True, cwd=folder)
        monkeypatch.syspath_prepend(folder / "src")
        monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file may change twice in a second

    def cir_bench(self, *words: str, code: int = 0) -> str:
        """What ``cir-bench WORDS`` prints in the folder; it must end with ``code``."""
        with self._monkeypatch.context() as patch:
            patch.chdir(self.folder)
            self.forget()
            done = self._cli(*words)
        assert done.code == code, f"{words}\n{done.out[-4000:]}\n{done.err[-3000:]}"
        return done.out

    def pytest(self) -> Counter[str]:
        """The outcomes of the project's own tests."""
        outcomes = Outcomes()
        options = ["no:terminal", "no:cacheprovider", "no:unraisableexception", "no:threadexception"]
        with self._monkeypatch.context() as patch:
            patch.chdir(self.folder)
            for name in [name for name in os.environ if name.startswith("PYTEST")]:
                patch.delenv(name)
            self.forget()
            pytest.main([*(word for option in options for word in ("-p", option)), "--capture=no"], [outcomes])
        return outcomes.count

    def forget(self) -> None:
        """Import the project's modules anew, as another program would."""
        for name, module in list(sys.modules.items()):
            if str(self.folder) in str(getattr(module, "__file__", None)):
                del sys.modules[name]


@pytest.fixture
def new_project(
    cir_bench_cli: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Project]]:
    """``new_project("my-method", "dataset")`` writes a package and makes it importable."""
    projects: list[Project] = []

    def make(name: str, kind: str = "method") -> Project:
        done = cir_bench_cli("new", name, "--kind", kind)
        assert done.code == 0, done.err
        projects.append(Project(tmp_path / name, cir_bench_cli, monkeypatch))
        return projects[-1]

    yield make
    for project in projects:
        project.forget()
