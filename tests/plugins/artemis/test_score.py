"""ARTEMIS's equations, pair by pair; its ablations; what the score does not build."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape
from cir_bench_artemis.composer import ArtemisComposer, attended_cosine
from cir_bench_artemis.params import ArtemisComposerParams

IMAGE, TEXT, WIDTH = 7, 5, 6


def make(ablation: str = "none") -> ArtemisComposer:
    torch.manual_seed(0)
    shape = EncoderShape(FeatureShape(pooled=IMAGE), FeatureShape(pooled=TEXT))
    params = ArtemisComposerParams.model_validate({"width": WIDTH, "ablation": ablation})
    return ArtemisComposer(params, BuildContext(shape)).double().eval()


@pytest.fixture
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(3, IMAGE).double(), torch.randn(3, TEXT).double(), torch.randn(4, IMAGE).double()


def scores(composer: ArtemisComposer, reference: Tensor, text: Tensor, images: Tensor) -> Tensor:
    query = composer.compose(Features(reference), Features(text))
    return composer.score(query, composer.embed_target(Features(images)))


def by_hand(composer: ArtemisComposer, reference: Tensor, text: Tensor, image: Tensor) -> dict[str, Tensor]:
    """Every score of one query and one candidate, as the paper writes it."""

    def linear(x: Tensor, name: str) -> Tensor:
        weights = composer.state_dict()
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def attention(name: str) -> Tensor:
        hidden = linear(m, f"attentions.{name}.attention.0").relu()
        return linear(hidden, f"attentions.{name}.attention.2").softmax(dim=0)

    def norm(x: Tensor) -> Tensor:
        return x / x.norm()

    r, t = norm(linear(reference, "image")), norm(linear(image, "image"))
    found = {"visual": r @ t}
    if hasattr(composer, "text"):
        m = norm(linear(text, "text"))
        found |= {"cross-modal": m @ t, "late-fusion": norm(r + m) @ t}
    if "explicit" in composer.parts:
        found["explicit-only"] = norm(linear(m, "transform")) @ norm(attention("explicit") * t)
    if "implicit" in composer.parts:
        found["implicit-only"] = norm(attention("implicit") * r) @ norm(attention("implicit") * t)
    if len(composer.parts) == 2:
        found["none"] = found["explicit-only"] + found["implicit-only"]
    return found


@pytest.mark.parametrize("ablation", ["none", "explicit-only", "implicit-only", "late-fusion", "cross-modal", "visual"])
def test_every_pair_has_the_papers_score(ablation: str, inputs: Any) -> None:
    composer = make(ablation)
    reference, text, images = inputs
    expected = torch.stack(
        [
            torch.stack([by_hand(composer, r, m, t)[ablation] for t in images])
            for r, m in zip(reference, text, strict=True)
        ]
    )
    torch.testing.assert_close(scores(composer, *inputs), expected)
    assert composer.factorises == (ablation in ("late-fusion", "cross-modal", "visual"))


def test_gradients_are_those_of_the_written_out_score(inputs: Any) -> None:
    composer = make()
    _, text, images = inputs
    m = F.normalize(composer.text(text), dim=1)
    t = F.normalize(composer.image(images), dim=1)
    attention = composer.attentions["explicit"](m)
    written = torch.einsum("bw,bnw->bn", m, F.normalize(attention[:, None] * t, dim=2))
    weights = list(composer.attentions["explicit"].parameters())
    expected = torch.autograd.grad(written.sin().sum(), weights, retain_graph=True)
    found = torch.autograd.grad(attended_cosine(m, attention, t).sin().sum(), weights)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


class Largest(TorchDispatchMode):
    """The most elements that a tensor of the code within has."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if isinstance(out, Tensor):
            self.elements = max(self.elements, prod(out.shape))
        return out


def test_nothing_is_built_of_every_query_with_every_dimension_of_every_image() -> None:
    side, attention, images = torch.randn(20, 64), torch.rand(20, 64), torch.randn(300, 64)
    with Largest() as largest:
        attended_cosine(side, attention, images)
    assert largest.elements == 300 * 64  # the images, squared


def test_attention_is_about_one_so_that_its_square_is_a_half_float() -> None:
    weights = make().attentions["explicit"](torch.randn(3, WIDTH).double())
    torch.testing.assert_close(weights.mean(dim=1), torch.ones(3).double())
