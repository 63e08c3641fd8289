"""Texts that an encoder cuts off are counted, warned of and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

PLUGIN = """
import cir_bench as cb
from cir_bench_encoders.tiny.encoder import Tiny

CIR_BENCH_API = 1


class Short(Tiny):
    def cut_texts(self, texts):
        return [text for text in texts if len(text.split()) > 6]

    def cut_images(self, images):
        return [image.id for image in images if image.id.endswith("7")]

    def facts(self):
        return {"weights": "those of tiny"}


@cb.hookimpl
def cir_bench_encoders():
    return [cb.EncoderSpec(name="short", summary="reads six words", implementation=Short)]
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "short.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder benchmark of eight pictures; two of its texts are longer than six words."""
    folder = tmp_path / "photos"
    folder.mkdir()
    texts = ["is red", "one two three four five six seven", "is red", "one two three four five six eight"]
    gallery = [{"image": f"v{i}", "split": "val", "file": f"v{i}.png"} for i in range(8)]
    triplets: list[dict[str, Any]] = [
        {"query_id": f"q{i}", "split": "val", "reference": f"v{i}", "text": text, "targets": [f"v{i + 1}"]}
        for i, text in enumerate(texts)
    ]
    for i in range(8):
        Image.new("RGB", (48, 48), (30 * i, 0, 0)).save(folder / f"v{i}.png")
    for name, lines in (("gallery", gallery), ("triplets", triplets)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*options: str) -> tuple[int, str]:
        code = main(list(options))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def run_sum(call: Callable[..., tuple[int, str]], photos: Path, *options: str) -> RunRecord:
    out = photos.parent / "runs"
    where = ["--out", str(out), "--cache-dir", str(photos.parent / "cache"), "--device", "cpu"]
    code, said = call("run", "-m", "sum", "-b", f"folder:{photos}", *where, *options)
    assert code == 0, said
    (record,) = read_records(out)[0].values()
    return record


def test_a_run_counts_the_texts_that_are_cut(call: Callable[..., Any], plugin: Path, photos: Path) -> None:
    record = run_sum(call, photos, "-e", "short", "--plugin", str(plugin))
    assert record.encoder is not None
    assert record.encoder.cut_texts == {"evaluation": 2}
    assert record.encoder.cut_images == {"evaluation": 1}
    assert record.encoder.facts == {"weights": "those of tiny"}
    (texts,) = [warning for warning in record.warnings if "texts of the evaluation" in warning]
    assert texts == (
        "2 of 3 texts of the evaluation are longer than the encoder short reads and lose their end: "
        "one two three four five six seven; one two three four five six eight"
    )


def test_an_encoder_that_cuts_nothing_leaves_no_trace(call: Callable[..., Any], photos: Path) -> None:
    record = run_sum(call, photos, "-e", "tiny")
    assert record.encoder is not None
    assert (record.encoder.cut_texts, record.encoder.cut_images, record.warnings) == ({}, {}, ())


def test_verify_counts_them_for_an_encoder(call: Callable[..., Any], plugin: Path, photos: Path) -> None:
    options = ["data", "verify", f"folder:{photos}", "-e", "short", "--plugin", str(plugin)]
    code, said = call(*options)
    assert code == 0
    assert "2 of 3 texts of default@1 are longer than the encoder short reads and lose their end: one two" in said
    code, said = call(*options, "--json")
    assert json.loads(said)["cut_texts"] == {"default@1": 2}
