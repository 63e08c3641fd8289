"""``benchmarks/artefacts/caption_plus_modification.py`` on a tiny FashionIQ."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cir_bench.errors import DataError
from cir_bench.protocols.artefact import read_artefact

FOLDER = Path(__file__).parents[3] / "benchmarks" / "artefacts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, data_root: Path, tmp_path: Path) -> Callable[[], Path]:
    """Runs it, and returns the file that it wrote."""
    monkeypatch.syspath_prepend(str(FOLDER))
    module = importlib.import_module("caption_plus_modification")
    out = tmp_path / "texts.json"
    arguments = ["fashioniq/original", "--data-root", str(data_root), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["caption_plus_modification.py", *arguments])

    def run() -> Path:
        module.main()
        return out

    return run


def write_captions(data_root: Path, names: list[str]) -> None:
    folder = data_root / "image_captions" / "fashioniq"
    folder.mkdir(parents=True)
    (folder / "image_captions_val.json").write_text(json.dumps({name: f"a photo of {name}" for name in names}))


def test_each_query_has_the_caption_of_its_reference_and_its_text(script: Callable[[], Path], data_root: Path) -> None:
    references = [f"{category}val{i}" for category in ("dress", "shirt", "toptee") for i in range(3)]
    write_captions(data_root, references)
    found = read_artefact(script())
    assert (found.name, found.header.dataset, found.header.split) == ("target-text", "fashioniq", "val")
    assert len(found.texts) == 9
    assert found.texts["dress-1"] == "a photo of dressval1, Is 1 and is red"


def test_an_image_without_a_caption_is_named(script: Callable[[], Path], data_root: Path) -> None:
    write_captions(data_root, ["dressval0"])
    with pytest.raises(DataError, match="no caption of 'dressval1'"):
        script()
