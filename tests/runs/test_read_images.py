"""The images that a cell reads are its ingredients: when their content changes, the cell is run again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench.cli import main
from cir_bench.records.load import read_records
from cir_bench.runs import image_digests
from cir_bench_folder.dataset import Folder

Cli = Callable[..., str]


@pytest.fixture
def cli(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """What ``cir-bench VERB -b folder:photos -e tiny`` prints."""
    monkeypatch.setattr(image_digests, "FRESH", -1)

    def call(verb: str, *words: str, folder: Path = photos) -> str:
        places = ["--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache"), "--device", "cpu"]
        main([verb, "-b", f"folder:{folder}", "-e", "tiny", *places, *words])
        said = capsys.readouterr()
        return said.out + said.err

    return call


def _repaint(path: Path, colour: tuple[int, int, int]) -> None:
    Image.new("RGB", (8, 8), colour).save(path)


def _cells(out: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(out.rglob("record.json"))]


def test_unchanged_images_leave_a_cell_done_and_are_not_read_again(cli: Cli, monkeypatch) -> None:
    cli("run", "-m", "image-only")

    def read(folder: Folder, image: str) -> str:
        raise AssertionError(f"{image} is read")

    monkeypatch.setattr(Folder, "digest", read)
    assert cli("plan", "-m", "image-only").startswith("done")


def test_overwritten_images_make_a_cell_stale_and_it_is_run_again(cli: Cli, photos: Path, tmp_path: Path) -> None:
    cli("run", "-m", "image-only")
    (before,) = _cells(tmp_path / "runs")
    for number, path in enumerate(sorted(photos.glob("val*.png"))):
        _repaint(path, (0, 255 - 20 * number, 40 * number % 255))
    planned = cli("plan", "-m", "image-only")
    assert planned.startswith("stale") and "the images of the evaluation changed" in planned
    assert "1 run, 0 done before" in cli("run", "-m", "image-only")
    (after,) = _cells(tmp_path / "runs")
    assert after["ingredients"]["data.images"] != before["ingredients"]["data.images"]
    assert cli("plan", "-m", "image-only").startswith("done")


def test_one_image_replaced_with_its_mtime_kept_is_noticed(cli: Cli, photos: Path) -> None:
    cli("run", "-m", "image-only")
    path = photos / "val3.png"
    stat = path.stat()
    _repaint(photos / "new.png", (1, 2, 3))
    os.utime(photos / "new.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (photos / "new.png").replace(path)
    assert cli("plan", "-m", "image-only").startswith("stale")


def test_training_images_concern_cells_that_train(cli: Cli, photos: Path) -> None:
    trained = ("-m", "tirg", "--set", "training.epochs=1")
    cli("run", "-m", "image-only")
    cli("run", *trained)
    _repaint(photos / "train2.png", (9, 9, 9))
    assert cli("plan", "-m", "image-only").startswith("done")
    planned = cli("plan", *trained)
    assert planned.startswith("stale") and "the images of the train split changed" in planned


def test_a_copy_of_the_images_is_the_same_data(cli: Cli, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "elsewhere" / "photos")
    cli("run", "-m", "image-only")
    cli("run", "-m", "image-only", folder=tmp_path / "elsewhere" / "photos")
    one, other = (cell["ingredients"]["data.images"] for cell in _cells(tmp_path / "runs"))
    assert one == other


def test_two_folders_of_one_name_are_two_benchmarks(cli: Cli, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "photos"
    shutil.copytree(photos, other)
    _repaint(other / "val0.png", (200, 1, 1))
    both = ("-m", "image-only", "-b", f"folder:{other}")
    assert "2 run, 0 done before" in cli("run", *both)
    records, _ = read_records(tmp_path / "runs")
    names = {record.cell.benchmark for record in records.values()}
    assert len(names) == 2 and all(name.startswith("folder:photos-") for name in names)
    assert "0 run, 2 done before" in cli("run", *both)


def test_a_captions_file_that_changed_makes_a_cell_stale(toy, tmp_path: Path) -> None:
    """An encoder that reads captions instead of pixels has digests of its own."""
    plugin = tmp_path / "captioned.py"
    plugin.write_text(
        "import hashlib, json, os\nimport torch\nimport cir_bench as cb\n\nCIR_BENCH_API = 1\n\n\n"
        "class Captioned(cb.Encoder):\n"
        "    def __init__(self, params, context):\n"
        "        super().__init__()\n"
        "        self.captions = json.load(open(os.environ['CAPTIONS']))\n"
        "        self.shape = cb.EncoderShape(cb.FeatureShape(pooled=4), cb.FeatureShape(pooled=4))\n\n"
        "    def image_item(self, image, *, train=False):\n"
        "        return self.captions.get(image.id, image.id)\n\n"
        "    def image_digest(self, image):\n"
        "        return hashlib.sha256(self.image_item(image).encode()).hexdigest()\n\n"
        "    def encode_images(self, items, levels):\n"
        "        return self.encode_texts(items, levels)\n\n"
        "    def encode_texts(self, texts, levels):\n"
        "        rows = [list(hashlib.sha256(text.encode()).digest()[:4]) for text in texts]\n"
        "        return cb.Features(pooled=torch.tensor(rows).float())\n\n\n"
        "@cb.hookimpl\n"
        "def cir_bench_encoders():\n"
        "    yield cb.EncoderSpec(name='captioned', summary='x', implementation=Captioned)\n"
    )
    captions = tmp_path / "captions.json"
    captions.write_text('{"012": "a"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAPTIONS", str(captions))
        options = ("--plugin", str(plugin), "-m", "image-only", "-e", "captioned")
        toy.run(*options)
        assert toy.plan(*options)[1].startswith("done")
        captions.write_text('{"012": "b"}')
        planned = toy.plan(*options)[1]
    assert planned.startswith("stale") and "what the encoder reads of the images of the evaluation changed" in planned


def test_images_drawn_from_parameters_are_no_ingredient(toy) -> None:
    toy.run("-m", "image-only")
    (record,) = toy.records().values()
    assert not {"data.images", "train.images", "encoder.images"} & set(record.ingredients)
    assert not (toy.cache / "images").exists()
