"""CIRCO in the harness: methods that learn are refused, the others run, and a hidden test set gives rankings alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from cir_bench.records.rankings import RANKINGS_FOLDER, load_ranking
from cir_bench.records.record import RunRecord


@pytest.fixture
def cir_bench(command, root):
    return command("--data-root", root.parent, "-e", "tiny")


def records(cir_bench) -> dict[str, RunRecord]:
    """By method and protocol."""
    return {f"{record.cell.method} {record.cell.protocol}": record for record in cir_bench.records()}


@pytest.mark.parametrize("method", ["tirg", "concat"])
def test_plan_refuses_a_method_that_learns_in_one_sentence_with_those_that_run(method: str, cir_bench) -> None:
    code, said = cir_bench("plan", "-m", method, "-b", "circo/val")
    assert code == 1
    assert f"method '{method}' must be trained, and the data set 'circo' has no training triplets" in said
    assert "constant, image-only, joint, random, sum, text-only" in said


def test_a_zero_shot_method_runs_with_a_corpus(cir_bench, tmp_path: Path) -> None:
    code, said = cir_bench("plan", "-m", "pic2word", "-b", "circo/val")
    assert code == 1
    assert "method 'pic2word' learns from images, and the data set 'circo' has none for training" in said
    images = tmp_path / "images"
    images.mkdir()
    lines = []
    for place in range(6):
        Image.new("RGB", (8, 8), (40 * place, 0, 90)).save(images / f"{place}.png")
        lines.append(json.dumps({"image": f"{place}", "split": "train", "file": f"{place}.png"}))
    (images / "gallery.jsonl").write_text("\n".join(lines))
    settings = ("--set", f"pic2word.corpus=folder:{images}", "--set", "training.epochs=2")
    code, said = cir_bench("run", "-m", "pic2word", "-b", "circo/val", *settings)
    assert code == 0, said
    (record,) = cir_bench.records()
    assert record.dataset is not None and record.dataset.n_train == 6
    assert record.training_data == ("folder/train", "css/train")


def test_an_encoder_that_must_be_trained_is_refused_too(cir_bench) -> None:
    code, said = cir_bench("plan", "-m", "sum", "-m", "random", "-b", "circo/val", "-e", "cnn-lstm")
    assert code == 1
    assert said.count("refused") == 1
    assert "encoder 'cnn-lstm' must be trained, and the data set 'circo' has no training triplets" in said


def test_what_needs_no_training_runs(cir_bench, tmp_path: Path) -> None:
    code, _ = cir_bench("run", "-m", "sum", "-m", "constant", "-b", "circo/val")
    assert code == 0
    for record in records(cir_bench).values():
        assert (record.headline, record.hidden) == ("mAP@5", False)
        assert {"mAP@50", "R_target@5"} < set(record.metrics)
        assert record.tags["cardinality"]["n"] == 2
        assert record.dataset is not None and record.dataset.n_train == 0
    assert records(cir_bench)["constant val@1"].metrics["R_target@5"] == pytest.approx(100)  # of five images


def test_a_hidden_test_set_gives_rankings_and_no_numbers(cir_bench, tmp_path: Path) -> None:
    code, said = cir_bench("run", "-m", "sum", "-b", "circo/test", "-b", "circo/val")
    assert code == 0
    assert "rankings kept, no metrics, since the targets are hidden" in said
    record = records(cir_bench)["sum test@1"]
    assert (record.status, record.hidden, record.headline, record.metrics) == ("done", True, "", {})
    (path,) = (tmp_path / "runs").rglob(f"test@1/**/{RANKINGS_FOLDER}/all.jsonl.gz")
    ranking = load_ranking(path)
    assert ranking.queries.ids == ("0", "1")
    assert sorted(ranking.top_ids[0]) == sorted(["7", "271520", "355099", "528417", "534704"])
    leaderboard = (tmp_path / "runs" / "LEADERBOARD.md").read_text()
    assert "circo/val@1" in leaderboard and "circo/test@1" not in leaderboard


def test_a_hidden_run_is_done_when_it_is_asked_for_again(cir_bench) -> None:
    cir_bench("run", "-m", "sum", "-b", "circo/test")
    code, said = cir_bench("run", "-m", "sum", "-b", "circo/test")
    assert code == 0 and "0 run, 1 done before" in said


def test_without_cocos_list_a_run_says_what_to_download(cir_bench, root: Path, tmp_path: Path) -> None:
    (root / "COCO2017_unlabeled" / "annotations" / "image_info_unlabeled2017.json").unlink()
    code, said = cir_bench("run", "-m", "sum", "-b", "circo/val")
    assert code == 1
    assert "unpack http://images.cocodataset.org/annotations/image_info_unlabeled2017.zip" in said
    assert "Traceback" not in said
