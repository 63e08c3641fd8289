"""Data sets written as parquet and read back as ``hf:PATH``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import Context, Dataset, DatasetSpec
from cir_bench.data.export import export
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import create
from cir_bench_hf import HfParams
from cir_bench_hf.dataset import Hf


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(data_root=tmp_path / "data", cache_dir=tmp_path / "cache")


@pytest.fixture
def original(context: Context) -> Callable[..., Dataset]:
    """``original("css")``: a built-in data set by name, as a run opens it."""
    registry = load_plugins(PluginOptions(third_party=False), environ={})

    def make(name: str, **params: Any) -> Dataset:
        registered = registry.dataset(name)
        dataset: Dataset = create(registered, make_params(registered.spec, params), context)
        return dataset

    return make


@pytest.fixture
def back(context: Context, tmp_path: Path) -> Callable[..., Hf]:
    """Writes a data set and reads it back."""

    def make(dataset: Dataset, *splits: str, params: dict[str, Any] | None = None, **options: Any) -> Hf:
        out = tmp_path / "out"
        spec = DatasetSpec(name="original", summary="an original", implementation="a:B")
        export(dataset, spec, out, splits=splits, **options)
        return Hf(HfParams(path=str(out), **(params or {})), context)

    return make


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder benchmark with what folders can say: tags, captions, several targets, files of two forms, unicode."""
    root = tmp_path / "photos"
    root.mkdir()
    gallery = []
    for split in ("train", "val", "test"):
        for number in range(5):
            file = f"{split}{number}.{'jpg' if number % 2 else 'png'}"
            Image.new("RGB", (5, 4), (50 * number, 9, 0)).save(root / file)
            gallery.append({"image": f"{split}/é{number}", "split": split, "file": file, "caption": f"thing {number}"})
    gallery[0].pop("caption")
    gallery[-1:] = []
    write_lines(root / "gallery.jsonl", gallery)
    write_lines(
        root / "triplets.jsonl",
        [
            {
                "query_id": f"{split}-{number}",
                "split": split,
                "reference": f"{split}/é{number}",
                "text": ["is rôt", "and long"] if number else "is ärger",
                "targets": [f"{split}/é{0 if number else 3}", f"{split}/é2"],
                "tags": ["x"] * number,
            }
            for split in ("train", "val", "test")
            for number in range(2)
        ],
    )
    return root


@pytest.fixture
def fashion(context: Context) -> Path:
    """A FashionIQ of 3 records and 6 images in each category and split; the images of dress train are not there."""
    assert context.data_root is not None
    root = context.data_root / "fashioniq"
    for folder in ("captions", "image_splits", "images"):
        (root / folder).mkdir(parents=True)
    for category in ("dress", "shirt", "toptee"):
        for split in ("train", "val"):
            names = [f"{category}{split}{number}" for number in range(6)]
            records = [{"candidate": names[i], "target": names[i + 1], "captions": [f"is {i}", ""]} for i in range(3)]
            (root / "captions" / f"cap.{category}.{split}.json").write_text(json.dumps(records))
            (root / "image_splits" / f"split.{category}.{split}.json").write_text(json.dumps(names))
            for number, name in enumerate(names):
                Image.new("RGB", (4, 4), (40 * number, 0, 0)).save(root / "images" / f"{name}.jpg")
    return root
