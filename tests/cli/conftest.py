"""Running command lines in this process, with nothing of the caller's environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cir_bench.cli.app import main

PLUGIN = '''
from typing import ClassVar

from cir_bench import (
    Composer, ComposerSpec, DatasetSpec, Embedding, EncoderSpec, MethodParams, MethodSpec, Needs, Paper, Params,
    Provides, Training, hookimpl, levels,
)

class MineParams(MethodParams):
    """Parameters."""

    width: int = 64
    """How wide it is."""
    training: Training = Training(epochs=3)

class FileParams(Params):
    argument: ClassVar[str | None] = "path"
    path: str

@hookimpl
def cir_bench_methods():
    return [
        MethodSpec(
            name="my-method", summary="tries something", implementation=f"{__name__}:Method", params=MineParams,
            needs=Needs(image=levels("maps")), paper=Paper(title="Something Tried", venue="CVPR 2031"),
            card="# What it is\\nA try.", recipes={"*": {"width": 128}}, paper_encoder="openclip:RN50",
            training_data=("webtext", "shop/all"),
        )
    ]

@hookimpl
def cir_bench_composers():
    return [ComposerSpec(name="my-composer", summary="composes", implementation=f"{__name__}:Mix")]

@hookimpl
def cir_bench_encoders():
    return [
        EncoderSpec(
            name="with-maps", summary="m", implementation="a:B", provides=Provides(image=levels("maps"), map_levels=1)
        ),
        EncoderSpec(name="pooled-only", summary="vectors", implementation="a:B"),
        EncoderSpec(
            name="by-file", summary="file", implementation="a:B", params=FileParams, provides=lambda params: Provides()
        ),
    ]

class Mix(Composer):
    def compose(self, reference, text):
        return Embedding.single(reference.need_pooled())
'''


class Done(NamedTuple):
    """What a command line left."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """``run("ls", "--json")``; built-in plugins only, so that what is installed here does not matter."""
    for name in ("DATA", "CACHE", "DEBUG", "STRICT", "PLUGINS_ALLOW", "PLUGINS_DENY"):
        monkeypatch.delenv(f"CIR_BENCH_{name}", raising=False)

    def call(*words: str | Path) -> Done:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A single-file plugin with a method, a composer and three encoders."""
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    return path
