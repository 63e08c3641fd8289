"""Fashion200k in the harness: trained on other pairs every epoch, continued after an interruption, described to VAL."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from cir_bench.training.batches import TrainSet
from cir_bench.training.checkpoints import Checkpoints
from cir_bench.training.parts import TrainExamples

QUICK = ("--set", "training.batch_size=16", "--set", "training.epochs=3")
SMALL = ("--set", "encoder.image_size=32", "--set", "encoder.width=8", "--set", "encoder.lstm_width=8")


@pytest.fixture
def cir_bench(command, data_root):
    return command("--data-root", data_root)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[TrainSet]:
    """What each epoch was trained on."""
    epochs: list[TrainSet] = []
    of_epoch = TrainExamples.of_epoch

    def spy(self: TrainExamples, *args: object) -> TrainSet:
        epochs.append(of_epoch(self, *args))  # type: ignore[arg-type]  # passed on as they came
        return epochs[-1]

    monkeypatch.setattr(TrainExamples, "of_epoch", spy)
    return epochs


def test_every_epoch_has_other_pairs_and_none_of_them_is_held_out(cir_bench, shown, tmp_path) -> None:
    code, said = cir_bench("run", "-m", "tirg", "-b", "fashion200k", "-e", "tiny", *QUICK)
    assert code == 0, said
    found = cir_bench.record()
    assert len(shown) == 3 and len({tuple(epoch.triplets) for epoch in shown}) == 3
    trained = {image for epoch in shown for t in epoch.triplets for image in (t.reference, t.target)}
    assert {len(epoch) for epoch in shown} == {found.dataset.n_train} == {81 - found.selection.n_queries}
    assert found.selection.n_queries == 81 - 1 - len(trained) > 0
    assert found.selection.n_gallery == 81, "the other train images fill the held-out gallery"
    assert found.protocol is not None
    assert (found.n_queries, found.n_gallery, found.protocol.reference) == ({"": 3}, {"": 81}, "removed")


def test_plan_counts_the_features_of_all_epochs(cir_bench) -> None:
    def texts(epochs: int) -> int:
        _, said = cir_bench(
            "plan", "--features", "-m", "tirg", "-b", "fashion200k", "-e", "tiny", "--set", f"training.epochs={epochs}"
        )
        line = next(line for line in said.splitlines() if "texts of fashion200k (train)" in line)
        return int(line.split(" of ")[1].split()[0])

    assert texts(1) < texts(8)


@pytest.mark.parametrize("encoder", [("tiny",), ("cnn-lstm:small", *SMALL)], ids=["cached", "trained"])
def test_an_interrupted_run_continues_with_the_pairs_it_would_have_had(
    encoder: tuple[str, ...], cir_bench, shown, tmp_path, monkeypatch
) -> None:
    options = ("-m", "tirg", "-b", "fashion200k/test-derived", *QUICK, "-e", *encoder)
    cir_bench("run", *options, out="whole")
    whole = [epoch.triplets for epoch in shown]
    shown.clear()
    save = Checkpoints.save
    with monkeypatch.context() as patch:

        def interrupted(self: Checkpoints, state: dict[str, object]) -> None:
            save(self, state)
            if state["epoch"] == 2:
                raise KeyboardInterrupt

        patch.setattr(Checkpoints, "save", interrupted)
        assert cir_bench("run", *options)[0] == 130
    assert cir_bench("plan", *options)[1].startswith("interrupted")
    assert cir_bench("run", *options)[0] == 0
    assert [epoch.triplets for epoch in shown] == whole
    resumed, uninterrupted = cir_bench.record(), cir_bench.record("whole")
    assert [(e.terms, e.selection) for e in resumed.history] == [(e.terms, e.selection) for e in uninterrupted.history]
    assert resumed.metrics == uninterrupted.metrics


def test_another_seed_has_other_pairs_and_holds_out_others(cir_bench, shown) -> None:
    cir_bench("run", "-m", "tirg", "-b", "fashion200k", "-e", "tiny", *QUICK, "--seeds", "2")
    first, second = shown[:3], shown[3:]
    assert {t.reference for t in first[0].triplets} != {t.reference for t in second[0].triplets}
    assert [epoch.triplets for epoch in first] != [epoch.triplets for epoch in second]


def test_missing_images_are_left_out_of_the_draws_and_noted(cir_bench, shown, data_root: Path, tmp_path) -> None:
    gone = [f"women/dresss/train/0/0_{photo}.jpeg" for photo in range(2)]
    for image in gone:
        (data_root / "fashion200k" / image).unlink()
    options = ("-m", "tirg", "-b", "fashion200k", "-e", "tiny", *QUICK)
    code, said = cir_bench("run", *options)
    assert code == 1 and "2 of 81 training images of 'fashion200k' are missing" in said
    code, said = cir_bench("run", *options, "--allow-partial", "--retry-failed")
    assert code == 0, said
    assert not {image for epoch in shown for t in epoch.triplets for image in (t.reference, t.target)} & {*gone}
    assert any("partial: 2 training triplets left out" in note for note in cir_bench.record().warnings)


def test_val_is_trained_with_the_descriptions_of_each_epoch_s_targets(cir_bench, shown, tmp_path) -> None:
    options = ("-m", "val", "-b", "fashion200k", "-e", "cnn-lstm:small", *SMALL, "--set", "training.batch_size=32")
    code, said = cir_bench("run", *options, "--set", "side_text=joint", "--set", "training.epochs=2")
    assert code == 0, said
    assert all(set(epoch.terms) == {"L_vv", "L_vs"} for epoch in cir_bench.record().history)
    for epoch in shown:
        assert set(epoch.side_texts) == {triplet.target for triplet in epoch.triplets}


def test_another_data_set_borrows_the_descriptions_of_all_train_images(cir_bench, shown, data_root, tmp_path) -> None:
    """VAL's pre-training for FashionIQ: every image of Fashion200k's train split once, the one without partner too."""
    keys = ("ImageName", "ReferenceImageName", "RelativeCaption")
    (data_root / "shoes" / "images").mkdir(parents=True)
    records = []
    for split in ("train", "eval"):
        names = [f"img_{split}_{number}.jpg" for number in range(8)]
        (data_root / "shoes" / f"{split}_im_names.txt").write_text("\n".join(names))
        records += [dict(zip(keys, (a, b, "is red"), strict=True)) for a, b in pairwise(names)]
        source = (data_root / "fashion200k" / "women/tops/train/0/0_0.jpeg").read_bytes()
        for name in names:
            (data_root / "shoes" / "images" / name).write_bytes(source)
    (data_root / "shoes" / "relative_captions_shoes.json").write_text(json.dumps(records))
    options = ("-m", "val", "-b", "shoes", "-e", "cnn-lstm:small", *SMALL, "--set", "training.batch_size=4")
    borrowed = ("--set", "side_text=pretrain", "--set", "side_text_from=fashion200k", "--set", "training.epochs=1")
    code, said = cir_bench("run", *options, *borrowed)
    assert code == 0, said
    assert [epoch.stage for epoch in cir_bench.record().history] == ["pretraining", "training"]
    assert len(shown[0]) == 81
