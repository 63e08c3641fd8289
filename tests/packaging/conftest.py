"""A wheel of this checkout, and an environment into which only the wheel brings cir-bench."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[2]
SOURCES = ["harness", "plugins", "benchmarks", "pyproject.toml", "setup.py", "README.md", "LICENSE"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
CALL_SECONDS = 240.0
"""A command that takes longer is stopped, and its output shown: before pytest's own timeout, which cannot show it."""


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def clean_env() -> dict[str, str]:
    """This process's environment without variables that could lead back to the checkout or change what is run."""
    ours = ("PYTHON", "CIR_BENCH", "VIRTUAL_ENV", "PIP_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def call(clean_env: dict[str, str]) -> Run:
    def call(words: Sequence[str | Path], cwd: Path, seconds: float = CALL_SECONDS) -> subprocess.CompletedProcess[str]:
        line = [str(word) for word in words]
        try:
            done = subprocess.run(
                line, check=False, cwd=cwd, env=clean_env, capture_output=True, text=True, timeout=seconds
            )
        except subprocess.TimeoutExpired as late:
            pytest.fail(f"{line} was stopped after {late.timeout:g} s\n{_text(late.stdout)}\n{_text(late.stderr)}")
        assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    return call


def _text(output: bytes | str | None) -> str:
    """The end of what a stopped command has printed: bytes also with ``text=True``."""
    return (output.decode(errors="replace") if isinstance(output, bytes) else output or "")[-3000:]


class Distributions(NamedTuple):
    """The wheel that a release would publish, and what the build printed."""

    wheel: Path
    printed: str


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory, call: Run) -> Distributions:
    """A source distribution, and a wheel from it, as for a release.

    Built from a copy, so that no leftover of an earlier build gets into it and none is left behind.
    """
    source = tmp_path_factory.mktemp("source") / "cir-bench"
    source.mkdir()
    for name in SOURCES:
        origin = CHECKOUT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(origin, source / name)
    out = tmp_path_factory.mktemp("wheel")
    done = call([sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source], cwd=source.parent)
    (built,) = out.glob("*.whl")
    return Distributions(built, done.stdout + done.stderr)


@pytest.fixture(scope="session")
def wheel(distributions: Distributions) -> Path:
    return distributions.wheel


@pytest.fixture(scope="session")
def install(call: Run) -> Callable[[Path, Path], None]:
    """Install a wheel or a source folder into the environment of an interpreter: with pip, without any index."""

    def install(python: Path, what: Path) -> None:
        words = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
        call([*words, "--no-build-isolation", what], cwd=what.parent)

    return install


@pytest.fixture(scope="session")
def new_python(
    tmp_path_factory: pytest.TempPathFactory, call: Run, wheel: Path, install: Callable[[Path, Path], None]
) -> Callable[[], Path]:
    """Makes the interpreter of a fresh venv with the wheel and our dependencies, but no other cir-bench."""

    def make() -> Path:
        root = tmp_path_factory.mktemp("clean")
        dependencies = root / "dependencies"
        dependencies.mkdir()
        for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for entry in Path(folder).iterdir():
                if not entry.name.startswith(("cir_bench", "__editable__", "__pycache__")) and entry.suffix != ".pth":
                    (dependencies / entry.name).symlink_to(entry)
        call([sys.executable, "-m", "venv", "--without-pip", root / "venv"], cwd=root)
        python = root / "venv" / "bin" / "python"
        where = call([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], cwd=root).stdout.strip()
        (Path(where) / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
        install(python, wheel)
        return python

    return make


@pytest.fixture(scope="session")
def clean_python(new_python: Callable[[], Path]) -> Path:
    """The interpreter of a venv in which only cir-bench is installed."""
    return new_python()
