"""Packages that `cir-bench new` wrote, made importable without installing them into this environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

PATIENCE = 900
"""Seconds for one program, many times what it takes: a program that hangs fails its test and says which it was."""

IN_TURN = """
import json, sys
from cir_bench.cli import main
from cir_bench_css.splits import make_splits

make_splits.__wrapped__.__defaults__ = (0, 300, 60)
for words in json.loads(sys.argv[1]):
    print("$ cir-bench", *words, flush=True)
    if code := main(words):
        sys.exit(code)
"""
"""Command lines one after the other in one program, since to import torch takes longer than most of them; css has a
third of its scenes, so that rendering them does not take a minute either."""

METADATA = "from setuptools import setup; setup()"


class Project:
    """A package's folder, and an environment in which its entry points are found.

    The metadata are written beside its code, and its code is on the path: what ``pip install -e`` does, without pip.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith(("CIR_BENCH", "PYTEST", "PYTHON"))
        }
        self.env = ours | {"PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
        self.env["CIR_BENCH_CACHE"] = str(folder.parent / "cache")
        self.call([sys.executable, "-c", METADATA, "-q", "egg_info"])

    def call(self, words: Sequence[str], code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a program in the folder; it must end with ``code``."""
        done = subprocess.run(
            words,
            check=False,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == code, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-3000:]}"
        return done

    def cir_bench(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """``cir-bench WORDS``."""
        return self.call([sys.executable, "-m", "cir_bench", *words], code)

    def in_turn(self, lines: Sequence[Sequence[str]]) -> subprocess.CompletedProcess[str]:
        """``cir-bench`` once for each line, on a small css; ends at the first that fails."""
        return self.call([sys.executable, "-c", IN_TURN, json.dumps(lines)])

    def pytest(self, *words: str) -> str:
        """The last line of the project's own tests."""
        done = self.call([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words])
        return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def new_project(cir_bench_cli, tmp_path) -> Callable[..., Project]:
    """``new_project("my-method", "dataset")`` writes a package and makes it importable for programs run in it."""

    def make(name: str, kind: str = "method") -> Project:
        done = cir_bench_cli("new", name, "--kind", kind)
        assert done.code == 0, done.err
        return Project(tmp_path / name)

    return make
