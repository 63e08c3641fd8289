"""`--decode-jpeg device`: what records say of it, and which cells it is not for. Here the device is the CPU."""

from __future__ import annotations

import pytest
from PIL import Image

from cir_bench.cli.app import main
from cir_bench.records.load import read_records

from .conftest import PLUGIN


@pytest.fixture
def jpegs(photos):
    """The folder benchmark with JPEG files, and texts that `toy` reads."""
    for path in photos.glob("*.png"):
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    gallery = photos / "gallery.jsonl"
    gallery.write_text(gallery.read_text().replace(".png", ".jpg"))
    triplets = photos / "triplets.jsonl"
    triplets.write_text(triplets.read_text().replace("redder", "a 1"))
    return photos


@pytest.fixture
def recorded(jpegs, tmp_path, capsys):
    """Runs a method on the folder and gives its record."""

    def run(name, *options):
        places = ["--plugin", str(PLUGIN), "--cache-dir", str(tmp_path / "cache"), "--out", str(tmp_path / name)]
        words = ["-m", "image-only", "-b", f"folder:{jpegs}", "-e", "toy", "--device", "cpu"]
        assert main(["run", *words, *places, *options]) == 0, capsys.readouterr()
        (record,) = read_records(tmp_path / name)[0].values()
        return record

    return run


DEVICE = ("--decode-jpeg", "device")


def test_the_record_says_what_decoded_the_files(recorded):
    theirs, ours = recorded("pillow"), recorded("ours", *DEVICE)
    assert (theirs.encoder.decoders, ours.encoder.decoders) == ({}, {"auto": "torchvision on cpu"})
    assert ours.cost.batches["image"] == 8, "nothing of what Pillow decoded is taken from the cache"
    assert (ours.metrics, ours.ingredients) == (theirs.metrics, theirs.ingredients)
    again = recorded("again", *DEVICE)
    assert again.encoder.decoders == ours.encoder.decoders and "image" not in again.cost.batches


def test_it_is_said_when_pillow_decodes_after_all(recorded, monkeypatch, caplog):
    monkeypatch.setattr("cir_bench.features.jpeg.TOLERANCE", -1)
    record = recorded("ours", *DEVICE)
    assert record.encoder.decoders == {}
    for notes in (record.warnings, caplog.messages):
        assert ["decoded by Pillow, not by torchvision on cpu" in note for note in notes] == [True]


def test_cells_that_train_their_encoder_read_pillows_pixels(toy):
    assert toy.run("-m", "tirg", "-e", "toy-live", "--set", "training.epochs=1", *DEVICE)[0] == 0
    (record,) = toy.records().values()
    assert record.encoder.trained and record.encoder.decoders == {}


def test_another_word_is_refused_in_a_sentence(toy):
    code, said = toy.run("-m", "sum", "-e", "toy", "--decode-jpeg", "gpu")
    assert code == 2 and "decode_jpeg" in said and "pillow" in said and "Traceback" not in said
