"""Files that cannot be read: the run is refused with the file named, or partial; a gallery is never just smaller."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench.cli import main

Run = Callable[..., tuple[int, dict[str, Any]]]


def truncated() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(data, "PNG")
    return data.getvalue()[:-900]


def bomb() -> bytes:
    """The beginning of a PNG of 400 million pixels is enough to refuse it."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(2501))))
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


FAULTS = {"empty": (b"", "is empty (0 bytes)"), "truncated": (truncated(), "truncated"), "bomb": (bomb(), "bomb")}


@pytest.fixture
def run(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code and record of ``run -m METHOD`` with the encoder tiny."""

    def call(method: str, *words: str) -> tuple[int, dict[str, Any]]:
        places = ["--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache")]
        code = main(["run", "-m", method, "-b", f"folder:{photos}", "-e", "tiny", "--json", *places, *words])
        return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return call


@pytest.mark.parametrize("fault", FAULTS)
def test_a_gallery_with_a_broken_file_is_refused_by_its_name(fault: str, run: Run, photos: Path) -> None:
    content, reason = FAULTS[fault]
    (photos / "val5.png").write_bytes(content)
    code, record = run("image-only")
    assert code == 1 and record["status"] == "failed"
    failure = json.dumps(record["failure"])
    assert "val5.png" in failure and reason in failure


def test_allowed_it_is_partial_and_the_files_are_named(run: Run, photos: Path) -> None:
    for number, (content, _) in enumerate(FAULTS.values()):
        (photos / f"val{number + 5}.png").write_bytes(content)
    code, record = run("image-only", "--allow-partial")
    assert code == 0 and record["status"] == "done"
    assert (record["n_gallery"], record["n_queries"]) == ({"": 5}, {"": 4})
    noted = " ".join(record["warnings"])
    assert "partial: 3 images missing, 3 queries left out" in noted
    assert "3 images cannot be read and are left out: " in noted
    assert all(f"val{number}.png" in noted for number in (5, 6, 7))


def test_training_does_without_them_too(run: Run, photos: Path) -> None:
    (photos / "train3.png").write_bytes(b"")
    code, record = run("tirg", "--allow-partial", "--set", "training.epochs=1")
    assert code == 0 and record["n_gallery"] == {"": 8}
    assert "partial: 2 training triplets left out, since an image is missing" in record["warnings"]
