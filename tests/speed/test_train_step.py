"""The training-step benchmark runs every workload, at sizes that take a second."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from pathlib import Path

import open_clip
import pytest
import torch

from cir_bench.training.epoch import StageRun
from cir_bench_encoders.cnn_lstm import CnnLstm
from cir_bench_encoders.openclip import OpenClip

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"
CNN = {"backbone": "small", "layer3_stride": 2, "image_size": 48, "width": 16, "word_width": 8, "lstm_width": 12}
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 3}
VISION = {
    "tgcir": {"image_size": 32, "layers": 3, "width": 64, "head_width": 32, "patch_size": 8},
    "sadn-finetune": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
}


@pytest.fixture
def one_step(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("one_step")
    for name in ("train_step", "one_step", "noise"):
        sys.modules.pop(name, None)


@pytest.fixture
def tiny(one_step, tmp_path):
    """``tiny(name)``: the workload with its encoder made small."""

    def make(name):
        load = one_step.WORKLOADS[name]
        if name == "sadn":
            return load
        if name not in VISION:
            return dataclasses.replace(load, encoder_params=CNN)
        config = tmp_path / f"speed-{name}.json"
        config.write_text(json.dumps({"embed_dim": 24, "vision_cfg": VISION[name], "text_cfg": TEXT}))
        open_clip.add_model_config(config)
        checkpoint = tmp_path / f"{name}.pt"
        torch.save(open_clip.create_model(config.stem).state_dict(), checkpoint)
        params = {"width": 24} if name == "tgcir" else {}
        encoder_params = {"model": str(config), "checkpoint": checkpoint}
        return dataclasses.replace(load, params=params, encoder_params=encoder_params)

    return make


@pytest.mark.parametrize("name", ["val", "clvcnet", "tgcir", "sadn-finetune", "sadn"])
def test_every_workload_is_trained_by_the_harness_for_the_asked_steps(one_step, tiny, monkeypatch, name):
    told, epochs = [], []
    train = StageRun.train
    monkeypatch.setattr(StageRun, "train", lambda run, *args: epochs.append(run.stage.name) or train(run, *args))
    for encoder in (OpenClip, CnnLstm):
        switch = encoder.set_gradient_checkpointing
        monkeypatch.setattr(
            encoder, "set_gradient_checkpointing", lambda self, on, switch=switch: told.append(on) or switch(self, on)
        )
    found = one_step.measure(
        name, tiny(name), batch=4, device=torch.device("cpu"), precision="float32", steps=2, warmup=1
    )
    assert len(epochs) == 1
    assert (found.batch, found.steps, found.error) == (4, 2, "")
    assert found.seconds > 0
    assert found.images_per_second == pytest.approx(8 / found.seconds)
    assert found.peak_mib > 1
    assert told == {"sadn": [], "clvcnet": [False, False], "sadn-finetune": [True]}.get(name, [False])


def test_the_paper_s_batches_are_the_default(one_step):
    from cir_bench.plugin.loader import load_plugins

    registry = load_plugins(environ={})
    batches = {
        name: getattr(one_step.method_params(registry, load, None, None), load.stage).batch_size
        for name, load in one_step.WORKLOADS.items()
    }
    assert batches == {"val": 32, "clvcnet": 32, "tgcir": 64, "sadn-finetune": 128, "sadn": 2048}


def test_gradient_checkpointing_can_be_asked_for(one_step, tiny):
    options = {"batch": 2, "device": torch.device("cpu"), "precision": "bfloat16", "steps": 1, "warmup": 0}
    for name in ("val", "clvcnet"):
        assert one_step.measure(name, tiny(name), gradient_checkpointing=True, **options).gradient_checkpointing
    off = one_step.measure("sadn-finetune", tiny("sadn-finetune"), gradient_checkpointing=False, **options)
    assert not off.gradient_checkpointing


@pytest.mark.usefixtures("forked")
def test_the_script_measures_in_a_process_of_its_own(one_step, monkeypatch, capsys):
    script = importlib.import_module("train_step")
    monkeypatch.setattr(script, "measure", None)  # not in this one
    command = ["train_step.py", "--methods", "sadn", "--device", "cpu", "--batch", "16", "--threads", "1", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    script.main()
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["workload"], row["device"], row["batch"], row["paper_batch"]) == ("sadn", "cpu", 16, 2048)


def test_the_table_says_what_is_reduced_and_what_failed(one_step, monkeypatch, capsys):
    script = importlib.import_module("train_step")
    sizes = {"what": "a CNN", "batch": 2, "paper_batch": 32, "gradient_checkpointing": True}
    numbers = {"seconds": 0.5, "images_per_second": 8.0, "peak_mib": 100.0, "error": ""}
    rows = {
        "val": {"workload": "val", "precision": "float32", **sizes, **numbers},
        "sadn": {"workload": "sadn", "precision": "float32", "error": "out of memory"},
    }
    monkeypatch.setattr(script, "child", lambda args, name, precision: rows[name])
    monkeypatch.setattr(sys, "argv", ["train_step.py", "--device", "cpu", "--methods", "val", "sadn"])
    script.main()
    said = capsys.readouterr().out
    assert "No GPU is used: one step each on the CPU" in said
    val, sadn = said.splitlines()[-2:]
    assert val.split()[:8] == ["val", "float32", "2", "of", "32", "0.500", "8.0", "100"]
    assert val.endswith("a CNN, recomputed")
    assert sadn.endswith("did not run: out of memory")
