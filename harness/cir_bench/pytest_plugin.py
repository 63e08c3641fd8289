"""Fixtures for the tests of plugins: a pytest plugin, found by the entry point ``cir_bench`` of ``pytest11``.

Every pytest in an environment with cir-bench loads this module, so it imports nothing but pytest; the fixtures import
the rest when a test asks for one. ``pytest -p no:cir_bench`` disables it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from cir_bench.interfaces.features import EncoderShape, Features
    from cir_bench.interfaces.levels import Needs


class Done(NamedTuple):
    """Exit code and output of a command line."""

    code: int
    out: str
    err: str


@pytest.fixture
def cir_bench_cli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Done]:
    """``cir_bench_cli("ls", "--json")`` runs a command line in this process, in the test's folder with a cache there.

    Returns its exit code and output. The caller's ``CIR_BENCH_…`` variables are hidden from it.
    """
    import os

    from cir_bench.cli import main

    for name in [name for name in os.environ if name.startswith("CIR_BENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CIR_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path) -> Done:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def cir_bench_features() -> Callable[..., tuple[EncoderShape, Features, Features]]:
    """``cir_bench_features(needs, batch=6, seed=1)``: an encoder's shape, random features of references and of texts.

    They have exactly the levels that ``needs`` declares (by default pooled features), like those of the contracts.
    """

    def make(needs: Needs | None = None, batch: int = 6, seed: int = 1) -> tuple[EncoderShape, Features, Features]:
        from cir_bench.interfaces.levels import Needs
        from cir_bench.testing.features import random_features, random_texts, shape_for

        shape = shape_for(needs or Needs())
        return shape, random_features(shape.image, batch, seed), random_texts(shape, batch, seed + 1)

    return make


@pytest.fixture
def cir_bench_run() -> Callable[..., dict[str, Any]]:
    """``cir_bench_run("my-method", training={"epochs": 5})`` trains and evaluates on the generated benchmark.

    Further arguments: ``files`` (single-file plugins to load beside the installed ones) and ``encoder``. Returns the
    run's record as JSON values: ``["metrics"]["R@1"]`` in percent, ``["history"]``, ``["cost"]``.
    """

    def run(
        method: str, *, files: tuple[Path, ...] = (), encoder: str | None = None, **settings: Any
    ) -> dict[str, Any]:
        from cir_bench.plugin.loader import PluginOptions, load_plugins
        from cir_bench.testing import generated
        from cir_bench.testing.running import run_generated

        registry = load_plugins(PluginOptions(files=(*files, generated.FILE)), environ={})
        finished = run_generated(registry, method, settings, encoder or generated.NAME)
        return finished.record.model_dump(mode="json")

    return run
