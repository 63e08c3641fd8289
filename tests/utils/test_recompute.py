"""Recomputed blocks: same numbers, same state, computed twice."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from cir_bench.errors import ConfigError, RunError
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import EncoderShape, Features, FeatureShape
from cir_bench.utils import recompute, recompute_blocks


class Block(nn.Module):
    """A residual block with batch norm and dropout; counts its forward passes."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5))
        self.passes = 0

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        self.passes += 1
        return x + scale * self.inner(x)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(6, 6)
        self.stages = nn.Sequential(nn.Sequential(Block(), Block()), nn.Sequential(Block()), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))

    @property
    def blocks(self) -> list[Block]:
        return [module for module in self.modules() if isinstance(module, Block)]


def net(on: bool) -> Net:
    torch.manual_seed(0)
    made = Net().double().train()
    assert recompute_blocks(made, on) == 3
    return made


def step(model: nn.Module) -> dict[str, Tensor]:
    torch.manual_seed(1)
    model.zero_grad()
    x = torch.randn(5, 6, dtype=torch.float64)
    model(x).square().sum().backward()
    torch.rand(3)  # whatever else draws
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def test_gradients_and_state_are_those_without_it() -> None:
    """Dropout draws the same mask again, and batch norm counts the batch once."""
    plain, recomputed = net(False), net(True)
    for _ in range(2):
        expected, found = step(plain), step(recomputed)
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    state = recomputed.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in plain.state_dict().items())
    assert [int(block.inner[1].num_batches_tracked) for block in recomputed.blocks] == [2, 2, 2]


def test_every_block_is_computed_twice_for_gradients_and_once_without() -> None:
    model = net(True)
    step(model)
    assert [block.passes for block in model.blocks] == [2, 2, 2]
    with torch.no_grad():
        model(torch.randn(5, 6, dtype=torch.float64))
    assert [block.passes for block in model.blocks] == [3, 3, 3]
    recompute_blocks(model, False)
    step(model)
    assert [block.passes for block in model.blocks] == [4, 4, 4]


def test_switching_it_on_twice_or_off_without_on_is_no_more_than_once() -> None:
    model = net(True)
    recompute_blocks(model, True)
    step(model)
    assert [block.passes for block in model.blocks] == [2, 2, 2]
    recompute_blocks(model, False)
    recompute_blocks(model, False)
    assert all("forward" not in vars(block) for block in model.blocks)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_a_model_of_its_own(duplicate) -> None:
    model = net(True)
    other = duplicate(model)
    step(other)
    assert [block.passes for block in other.blocks] == [2, 2, 2]
    assert [block.passes for block in model.blocks] == [0, 0, 0]
    assert list(other.state_dict()) == list(model.state_dict())


def test_autocast_is_the_same_in_both_passes() -> None:
    def gradients(on: bool) -> list[Tensor]:
        model = net(on).float()
        torch.manual_seed(1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(torch.randn(5, 6)).square().sum()
        loss.backward()
        return [p.grad for p in model.parameters()]

    assert all(torch.equal(a, b) for a, b in zip(gradients(True), gradients(False), strict=True))


def test_another_method_and_keyword_arguments() -> None:
    class Stem(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.passes = nn.Linear(2, 2), 0

        def forward(self, x: Tensor) -> Tensor:
            return self.embed(x, bias=1.0)

        def embed(self, x: Tensor, *, bias: float) -> Tensor:
            self.passes += 1
            return self.linear(x).exp().exp() + bias

    stem = Stem()
    recompute(stem, method="embed")
    stem(torch.ones(3, 2)).sum().backward()
    assert stem.passes == 2
    recompute(stem, False, method="embed")
    stem(torch.ones(3, 2)).sum().backward()
    assert stem.passes == 3


def test_a_block_that_overwrites_its_input_is_refused() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x.mul_(2))

    model = nn.Sequential(InPlace())
    recompute_blocks(model)
    with pytest.raises(RunError, match=r"cannot compute InPlace.forward again, because it changes its input in place"):
        model(torch.ones(3, 2))


def test_an_encoder_that_cannot_is_refused_by_name() -> None:
    class Bare(Encoder):
        shape = EncoderShape(FeatureShape(pooled=2), FeatureShape(pooled=2))

        def image_item(self, image, *, train=False):
            return image

        def encode_images(self, items, levels):
            return Features(pooled=torch.zeros(len(items), 2))

        encode_texts = encode_images

    Bare().set_gradient_checkpointing(False)
    with pytest.raises(ConfigError) as error:
        Bare().set_gradient_checkpointing(True)
    assert str(error.value) == (
        "the encoder Bare cannot compute its activations again in the backward pass; set gradient_checkpointing=false."
    )
