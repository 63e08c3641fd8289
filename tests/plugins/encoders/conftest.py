"""CLIP models of a few thousand parameters with saved random weights, and a small data set of pictures."""

import json
from functools import cache

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from cir_bench import Context, ImageRef, levels
from cir_bench.testing.pictures import DATASET, Pictures

TEXTS = ["red", "a blue one"]
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 3}
CONFIGS = {
    "mini-resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
    "mini-vit": {"image_size": 32, "layers": 3, "width": 64, "head_width": 32, "patch_size": 8},
}


@cache
def weights_of(name):
    """Random weights of a model, the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = open_clip.create_model(name)
        with torch.no_grad():  # a fresh residual branch is zero and would hide what flows through it
            for parameter in model.parameters():
                parameter.add_(0.02 * torch.randn_like(parameter))
    return model.state_dict()


@pytest.fixture(autouse=True, scope="session")
def one_tokenizer():
    """CLIP's vocabulary is read once; by itself every encoder unpacks its 49,152 words again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_clip.factory, "SimpleTokenizer", cache(open_clip.factory.SimpleTokenizer))
        yield


def save_clip(folder, name, suffix=".pt"):
    """A checkpoint of random weights beside the configuration; returns the parameters that load both."""
    config = folder / f"{name}.json"
    open_clip.add_model_config(config)
    checkpoint = folder / f"{name}{suffix}"
    if suffix == ".safetensors":
        save_file(weights_of(name), checkpoint)
    else:
        torch.save(weights_of(name), checkpoint)
    return {"model": str(config), "checkpoint": str(checkpoint)}


def write_clip(folder, name, suffix=".pt"):
    """The same with one of the small configurations."""
    config = {"embed_dim": 24, "vision_cfg": CONFIGS[name], "text_cfg": TEXT}
    (folder / f"{name}.json").write_text(json.dumps(config))
    return save_clip(folder, name, suffix)


@pytest.fixture
def pictures():
    dataset = Pictures()
    return [ImageRef(DATASET, dataset, name) for name in dataset.names]


@pytest.fixture
def context(tmp_path):
    return Context(data_root=tmp_path, cache_dir=tmp_path / ".cache", dataset=DATASET, seed=3)


@pytest.fixture
def empty_hub(monkeypatch, tmp_path):
    """No weights are cached, and none can be downloaded."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "empty"))


def images_of(encoder, pictures, *names):
    return encoder.encode_images([encoder.image_item(picture) for picture in pictures], levels(*names))


def without_gradient(encoder, pictures):
    """Parameters that pooled features of images and texts do not depend on."""
    pooled = images_of(encoder, pictures, "pooled").pooled, encoder.encode_texts(TEXTS, levels("pooled")).pooled
    torch.stack([one.square().sum() for one in pooled]).sum().backward()
    return [name for name, parameter in encoder.named_parameters() if parameter.grad is None]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Every test runs as on a machine without the hub."""
    import socket

    def refuse(*args, **kwargs):
        raise OSError("the tests open no connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
