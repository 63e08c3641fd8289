"""VAL in the harness: pairings, descriptions, ablations as cells. The data set is a handful of painted squares."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

SMALL = ["--set", "encoder.image_size=32", "--set", "encoder.width=8", "--set", "encoder.lstm_width=8"]
COLOURS = {"red": (200, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 200), "grey": (128, 128, 128)}


@pytest.fixture
def squares(tmp_path: Path) -> Callable[[bool], Path]:
    """A folder data set: squares of four colours in four sizes, "make it red" and so on; with captions or without."""

    def make(captions: bool) -> Path:
        root = tmp_path / f"squares-{captions}"
        (root / "images").mkdir(parents=True)
        gallery, triplets = [], []
        for split in ("train", "val"):
            for size in (24, 28, 32, 36):
                for colour, rgb in COLOURS.items():
                    name = f"{split}-{colour}-{size}"
                    Image.new("RGB", (size, size), rgb).save(root / "images" / f"{name}.png")
                    described = {"caption": f"a {colour} square"} if captions and size > 24 else {}
                    gallery.append({"image": name, "split": split, "file": f"images/{name}.png", **described})
                    for to in COLOURS:
                        if to != colour:
                            target = f"{split}-{to}-{size}"
                            text = {"query_id": f"{name}-{to}", "split": split, "text": f"make it {to}"}
                            triplets.append(text | {"reference": name, "targets": [target]})
        for file, rows in (("gallery.jsonl", gallery), ("triplets.jsonl", triplets)):
            (root / file).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return root

    return make


@pytest.fixture
def cir_bench(command):
    return command("-m", "val")


def test_a_pooled_only_encoder_is_refused_by_plan_with_what_would_do(on_toy) -> None:
    _, said = on_toy("-m", "val", "-e", "toy")("plan")
    line = next(line for line in said.splitlines() if line.startswith("refused"))
    assert "needs image features maps (it gives pooled) from encoder 'toy'" in line
    assert "cnn-lstm" in line


@pytest.mark.parametrize(("side_text", "stages"), [("joint", ["training"]), ("pretrain", ["pretraining", "training"])])
def test_images_own_descriptions_are_trained_on(cir_bench, squares, tmp_path, side_text, stages) -> None:
    options = ["-b", f"folder:{squares(True)}", "-e", "cnn-lstm:small", "--set", f"side_text={side_text}"]
    code, said = cir_bench("run", *options, *SMALL, "--set", "training.epochs=2", "--set", "training.batch_size=8")
    assert code == 0, said
    record = cir_bench.record()
    terms = {epoch.stage: set(epoch.terms) for epoch in record.history}
    assert list(terms) == stages
    assert (
        terms
        == {
            "joint": {"training": {"L_vv", "L_vs"}},
            "pretrain": {"pretraining": {"L_vs"}, "training": {"L_vv"}},
        }[side_text]
    )
    assert [epoch.selection is None for epoch in record.history if epoch.stage == "pretraining"] in ([], [True, True])


def test_descriptions_may_come_from_another_data_set(cir_bench, squares, tmp_path) -> None:
    """As the paper's for FashionIQ come from Fashion200k. Both sets have images of the same names, which are others."""
    plain, described = squares(False), squares(True)
    options = ["-b", f"folder:{plain}", "-e", "cnn-lstm:small", "--set", "side_text=pretrain", *SMALL]
    source = ["--set", f"side_text_from=folder:{described}"]
    code, said = cir_bench("run", *options, *source, "--set", "training.epochs=1", "--set", "training.batch_size=4")
    assert code == 0, said
    record = cir_bench.record()
    assert [epoch.stage for epoch in record.history] == ["pretraining", "training"]
    assert record.history[0].terms["L_vs"] > 0
    assert any(name.startswith("described.") for name in record.ingredients)
    assert str(described) in record.config["method"]["side_text_from"]
    (described / "images" / "train-red-32.png").unlink()
    code, said = cir_bench("plan", *options, *source, "--set", "training.epochs=1", "--set", "training.batch_size=4")
    assert code == 0, said
    code, said = cir_bench("run", *options, *source, "--set", "training.epochs=2", "--set", "training.batch_size=4")
    assert "1 of 12 images with a description are missing from 'folder'" in said, said
    partial = ["--set", "training.epochs=3", "--set", "training.batch_size=4", "--allow-partial"]
    code, said = cir_bench("run", *options, *source, *partial)
    assert code == 0, said
    assert (
        sum(any("partial: 1 of 12 images" in note for note in record.warnings) for record in cir_bench.records()) == 1
    )


def test_an_unknown_data_set_of_descriptions_is_refused(cir_bench, squares) -> None:
    asked = ["--set", "side_text=pretrain", "--set", "side_text_from=fashion2000"]
    code, said = cir_bench("plan", "-b", f"folder:{squares(False)}", "-e", "cnn-lstm:small", *asked)
    assert code != 0
    assert "there is no dataset 'fashion2000'" in said


@pytest.mark.parametrize("side_text", ["joint", "pretrain"])
def test_a_data_set_without_descriptions_is_told(cir_bench, squares, tmp_path, side_text) -> None:
    options = ["-b", f"folder:{squares(False)}", "-e", "cnn-lstm:small", "--set", f"side_text={side_text}"]
    code, _ = cir_bench("run", *options, *SMALL, "--set", "training.epochs=1")
    assert code != 0
    record = cir_bench.record()
    assert record.failure is not None
    assert "own descriptions" in record.failure.exception and "'folder'" in record.failure.exception


def test_the_paper_s_encoder_and_training_are_the_paper_track_s(cir_bench, squares, tmp_path) -> None:
    """Every parameter of the recipes but those of size, which would take hours here."""
    small = ["--set", "encoder.pretrained=false", "--set", "encoder.backbone=small", "--set", "training.epochs=1"]
    code, said = cir_bench("run", "-b", f"folder:{squares(False)}", "--track", "paper", *SMALL, *small)
    assert code == 0, said
    record = cir_bench.record()
    encoder, method = record.config["encoder"], record.config["method"]
    assert (encoder["text_pooling"], encoder["flip"], encoder["word_width"]) == ("max", True, 512)
    assert (method["training"]["ema"], method["training"]["lr"], method["selection"]["on"]) == (0.9999, 2e-4, "last")
