"""CLIP models of a few thousand parameters with saved random weights, and a small data set of pictures."""

import json

import open_clip
import pytest
import torch

from cir_bench import Context, ImageRef
from cir_bench.testing.pictures import DATASET, Pictures

TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 3}
CONFIGS = {
    "mini-resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
    "mini-vit": {"image_size": 32, "layers": 3, "width": 64, "head_width": 32, "patch_size": 8},
}


def write_clip(folder, name, suffix=".pt"):
    """A configuration and a checkpoint of random weights; returns the parameters that load them."""
    config = folder / f"{name}.json"
    config.write_text(json.dumps({"embed_dim": 24, "vision_cfg": CONFIGS[name], "text_cfg": TEXT}))
    open_clip.add_model_config(config)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = open_clip.create_model(name)
        with torch.no_grad():  # a fresh residual branch is zero and would hide what flows through it
            for parameter in model.parameters():
                parameter.add_(0.02 * torch.randn_like(parameter))
    state = model.state_dict()
    checkpoint = folder / f"{name}{suffix}"
    if suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(state, checkpoint)
    else:
        torch.save(state, checkpoint)
    return {"model": str(config), "checkpoint": str(checkpoint)}


@pytest.fixture
def pictures():
    dataset = Pictures()
    return [ImageRef(DATASET, dataset, name) for name in dataset.names]


@pytest.fixture
def context(tmp_path):
    return Context(data_root=tmp_path, cache_dir=tmp_path / ".cache", dataset=DATASET, seed=3)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Every test runs as on a machine without the hub."""
    import socket

    def refuse(*args, **kwargs):
        raise OSError("the tests open no connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
