"""``cir-bench data export`` and back: what the command line says and does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Run = Callable[..., Any]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder benchmark of 2 train and 3 val images."""
    root = tmp_path / "photos"
    root.mkdir()
    names = ["train0", "train1", "val0", "val1", "val2"]
    for i, name in enumerate(names):
        Image.new("RGB", (3, 3), (50 * i, 0, 0)).save(root / f"{name}.png")
    lines = {
        "gallery": [{"image": name, "split": name[:-1], "file": f"{name}.png"} for name in names],
        "triplets": [
            {"query_id": split, "split": split, "reference": f"{split}0", "text": "x", "targets": [f"{split}1"]}
            for split in ("train", "val")
        ],
    }
    for name, listed in lines.items():
        (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in listed))
    return root


def test_there_and_back(run: Run, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("data", "export", f"folder:{photos}", "--to", "parquet", "--out", out)
    assert done.code == 0
    assert done.out.splitlines() == [
        "triplets: 1 of train",
        "gallery: 2 of train, 3 of val",
        "queries: 1 of val",
        f"written to {out}; to evaluate on it: -b hf:{out}",
    ]
    back = run("data", "verify", f"hf/default:{out}", "--cache-dir", tmp_path / "cache")
    assert back.code == 0
    first, *others = back.out.splitlines()
    assert re.fullmatch("hf:out-[0-9a-f]{6}: 1 training triplets", first)
    assert others == [
        "protocol default@1: 1 queries over 3 images",
        "images: 5 of 5 found, 5 of them readable",
        "complete",
    ]
    (tmp_path / "p.json").write_text('{"val": ["val1", "val2"]}')
    scored = run("score", f"hf:{out}", tmp_path / "p.json", "--json", "--cache-dir", tmp_path / "cache")
    assert json.loads(scored.out)["metrics"]["R@1"] == 100.0


def test_one_split_as_json(run: Run, photos: Path, tmp_path: Path) -> None:
    words = ("data", "export", f"folder:{photos}", "--out", tmp_path / "out", "--split", "val", "--no-images")
    facts = json.loads(run(*words, "--json").out)
    assert facts["rows"] == {"gallery": {"val": 3}, "queries": {"val": 1}}
    assert (facts["format"], facts["faults"], facts["left_out"]) == ("parquet", {}, {})


def test_a_partial_export_says_so(run: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "val2.png").unlink()
    words = ("data", "export", f"folder:{photos}", "--out", tmp_path / "out")
    refused = run(*words)
    assert refused.code == 2 and "1 of 3 images of split 'val' are missing (val2)" in refused.err
    done = run(*words, "--allow-partial")
    assert done.code == 0
    assert "PARTIAL: of val 1 images are missing and 0 unreadable (--json names them)" in done.out


def test_another_form_is_refused(run: Run, photos: Path, tmp_path: Path) -> None:
    assert run("data", "export", f"folder:{photos}", "--to", "pickle", "--out", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()
