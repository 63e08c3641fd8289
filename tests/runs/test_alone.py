"""Methods that learn from images or texts alone: from what, what the record says, and when they cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from cir_bench.records.load import read_records

PLUGIN = Path(__file__).parents[1] / "support" / "alone_plugin.py"
ALONE = ("--plugin", str(PLUGIN))
EVALUATED = (*ALONE, "-b", "evaluated", "-e", "tiny")
"""Beside the toy benchmark of every call."""


def learned(toy, name: str, benchmark: str = "toy"):
    """The record of a method, and the loss terms of its last epoch."""
    found = read_records(toy.out)[0].values()
    (record,) = [one for one in found if (one.cell.method, one.cell.benchmark) == (name, benchmark)]
    return record, record.history[-1].terms


def test_from_images_alone(toy) -> None:
    code, said = toy.run(
        *ALONE, "-e", "tiny", "-m", "from-images", "--set", "training.batch_size=8", "--set", "training.epochs=2"
    )
    assert code == 0, said
    record, terms = learned(toy, "from-images")
    assert (terms["images"], terms["texts"], terms["letters"]) == (8, 8, 0)
    assert record.dataset.n_train == 84  # images of the train split that a triplet has
    assert record.training_data == ("toy/train", "css/train")  # the latter is what tiny was trained on
    assert (record.selection.on, record.selection.n_queries) == ("last", 0)


def test_from_texts_alone(toy) -> None:
    code, said = toy.run(*ALONE, "-m", "from-texts", "--set", "training.batch_size=5", "--set", "training.epochs=1")
    assert code == 0, said
    record, terms = learned(toy, "from-texts")
    assert (terms["images"], terms["texts"], terms["letters"]) == (0, 5, 15)
    assert record.dataset.n_train == 15  # different modification texts, since the toy has no descriptions
    assert "train.images" not in record.ingredients


@pytest.fixture
def described(photos: Path) -> Path:
    """The folder benchmark, with a description of each training image."""
    lines = (photos / "gallery.jsonl").read_text().splitlines()
    with_caption = [line.replace('"file"', f'"caption": "{"x" * (7 + n)}", "file"') for n, line in enumerate(lines)]
    (photos / "gallery.jsonl").write_text("\n".join(with_caption) + "\n")
    return photos


@pytest.mark.parametrize(("method", "images", "letters"), [("from-images", 6, 0), ("from-texts", 0, 57)])
def test_a_corpus_of_another_data_set(method: str, images: int, letters: int, toy, described: Path) -> None:
    """Six training images with descriptions of 7 to 12 letters; the benchmark's own triplets are not looked at."""
    options = (*EVALUATED, "-m", method, "--set", f"{method}.corpus=folder:{described}")
    settings = ("--set", "training.batch_size=6", "--set", "training.epochs=1")
    code, said = toy.run(*options, *settings)
    assert code == 0, said
    record, terms = learned(toy, method, "evaluated")
    assert (terms["images"], terms["letters"]) == (images, letters)
    assert record.training_data[0] == "folder/train"
    assert record.dataset.n_train == 6
    assert ("train.images" in record.ingredients) == (images > 0)
    assert "corpus.gallery.jsonl" in record.ingredients
    Image.new("RGB", (8, 8), (0, 250, 0)).save(described / "train0.png")
    _, planned = toy.plan(*options, *settings)
    changed = "the images of the train split changed" in planned
    assert changed == (images > 0), planned


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("-b", "evaluated", "-m", "from-images"),
            "method 'from-images' learns from images, and the data set 'evaluated' has none for training; name another "
            "data set: --set from-images.corpus=NAME, for example from-images.corpus=folder:DIR.",
        ),
        (
            ("-b", "evaluated", "-m", "from-texts", "--set", "from-texts.corpus=evaluated"),
            "method 'from-texts' learns from texts, and the data set 'evaluated' has none for training",
        ),
        (
            ("-b", "evaluated", "-m", "concat"),
            "methods that learn from another data set (--set METHOD.corpus=NAME): from-images, from-texts",
        ),
        (
            ("-m", "from-images", "--set", "selection.on=held-out"),
            "learns from images alone, so there are no held-out triplets to choose a checkpoint by; set "
            "selection.on=last.",
        ),
        (
            ("-m", "pic2word", "-e", "toy"),
            "method 'pic2word' needs pseudo-words from encoder 'toy'; "
            "encoders that would do: openclip, tiny, tiny-joint.",
        ),
    ],
)
def test_plan_refuses_what_cannot_run(options: tuple[str, ...], expected: str, toy) -> None:
    code, said = toy.plan(*ALONE, *options)
    assert code == 1
    assert expected in said, said


def test_missing_images_of_a_corpus_are_counted(toy, described: Path) -> None:
    (described / "train1.png").unlink()
    options = (*EVALUATED, "-m", "from-images", "--set", f"from-images.corpus=folder:{described}")
    code, said = toy.run(*options)
    assert code == 1
    assert "1 of 6 images to learn from of 'folder' are missing" in said
    code, said = toy.run(*options, "--allow-partial")
    assert code == 0, said
    assert learned(toy, "from-images", "evaluated")[0].dataset.n_train == 5
