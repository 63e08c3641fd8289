"""``cir-bench export --weights``: a trained method in its authors' layout, which ``run --weights`` evaluates."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cir_bench.records.load import read_records
from cir_bench.records.record import read_record

PUBLISHED = ("combiner", "pic2word", "lincir", "searle")


@pytest.fixture
def evaluate(photos, command, tmp_path):
    """The record of a method that is evaluated with a file of weights."""

    def run(method: str, file: Path):
        out = tmp_path / "evaluated"
        options = ("-m", method, "-e", "tiny", "-b", f"folder:{photos}", "--weights", file, "--out", out)
        code, _, said = command("run", *options, "--device", "cpu", "--cache-dir", tmp_path / "cache")
        assert code == 0, said
        (record,) = read_records(out)[0].values()
        return record

    return run


@pytest.mark.parametrize("method", PUBLISHED)
def test_the_file_has_the_numbers_of_the_training(method, train, command, evaluate, tmp_path):
    cell, file = train(method), tmp_path / f"{method}.safetensors"
    assert command("export", cell.folder, "--weights", file) == (0, f"{file}\n", "")
    trained, evaluated = read_record(cell.folder / "record.json"), evaluate(method, file)
    assert evaluated.metrics == trained.metrics
    assert evaluated.history == ()
    assert evaluated.training_data == trained.training_data
    assert evaluated.weights.training_data == trained.training_data[: len(evaluated.weights.training_data)]
    assert evaluated.weights.caution.startswith("its file says: trained by cir-bench")
    assert evaluated.weights.caution.endswith("seed 0, checkpoint chosen on last")


def test_the_names_are_the_authors(train, command, tmp_path):
    file = tmp_path / "combiner.safetensors"
    command("export", train("combiner").folder, "--weights", file)
    assert {"text_projection_layer.weight", "dynamic_scalar.3.bias"} < load_file(file).keys()
    with safe_open(file, "pt") as content:
        assert content.metadata().keys() == {"training_data", "remark"}


def test_what_a_file_says_of_itself_is_one_short_line(train, command, evaluate, tmp_path):
    file = tmp_path / "combiner.safetensors"
    command("export", train("combiner").folder, "--weights", file)
    said = {"training_data": "a/train,, b/train,a/train", "remark": "by\nus " + "x" * 9999}
    save_file(load_file(file), file, metadata=said)
    record = evaluate("combiner", file)
    assert record.training_data[:2] == ("a/train", "b/train")
    assert record.weights.caution.startswith("its file says: by us xxx")
    assert len(record.weights.caution) < 5000


def test_a_file_that_says_nothing_is_unknown(train, command, evaluate, tmp_path):
    file = tmp_path / "combiner.safetensors"
    command("export", train("combiner").folder, "--weights", file)
    save_file(load_file(file), file)
    record = evaluate("combiner", file)
    assert record.training_data[0].startswith("unknown")
    assert "validation split" in record.weights.caution


def test_weights_that_were_published_are_not_written_again(train, command, evaluate, tmp_path):
    file = tmp_path / "combiner.safetensors"
    command("export", train("combiner").folder, "--weights", file)
    evaluate("combiner", file)
    (path,) = (tmp_path / "evaluated").rglob("record.json")
    code, _, said = command("export", path, "--weights", tmp_path / "again.safetensors")
    assert code == 2
    assert "was not trained here, so it has no weights to write" in said


def test_mistakes_are_one_sentence(train, command, tmp_path):
    tirg, combiner = train("tirg").folder, train("combiner").folder
    there = tmp_path / "there.safetensors"
    there.write_bytes(b"")
    for run, options, expected in (
        (combiner, (), "say what to write"),
        (combiner, ("--weights", tmp_path / "w.pt"), "name a new file that ends in .safetensors"),
        (combiner, ("--weights", there), "the file exists"),
        (tirg, ("--weights", tmp_path / "w.safetensors"), "does not say how weights of it are published"),
    ):
        code, out, said = command("export", run, *options)
        assert (code, out, said.count("\n")) == (2, "", 1), said
        assert expected in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.safetensors"]


def test_an_encoder_that_was_trained_belongs_to_the_weights(train, command, tmp_path):
    small = ("encoder.width=16", "encoder.word_width=8", "encoder.lstm_width=16", "encoder.image_size=32")
    cell = train("combiner", "cnn-lstm", *small, "training.encoder=train")
    code, _, said = command("export", cell.folder, "--weights", tmp_path / "w.safetensors")
    assert code == 2
    assert "the encoder was trained with the method" in said


@pytest.mark.parametrize("option", ["--weights", "--to"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(option, train, command, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    code, out, said = command("export", train("combiner").folder, option, tmp_path / "new.safetensors")
    assert (code, out, said.count("\n")) == (2, "", 1), said
    assert "cannot be written (No space left on device)" in said
    assert list(tmp_path.glob("*new*")) == []


def test_what_is_written_can_be_read_by_whom_other_files_can(train, command, tmp_path):
    model, file = tmp_path / "model", tmp_path / "w.safetensors"
    command("export", train("combiner").folder, "--to", model, "--weights", file)
    assert file.stat().st_mode == (model / "model.safetensors").stat().st_mode == (model / "model.json").stat().st_mode


def test_with_both_options_both_are_written(train, command, tmp_path):
    model, file = tmp_path / "model", tmp_path / "w.safetensors"
    assert command("export", train("combiner").folder, "--to", model, "--weights", file)[1] == f"{model}\n{file}\n"
    assert json.loads((model / "model.json").read_text())["record"]["status"] == "done"
    assert file.is_file()
