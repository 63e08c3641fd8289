"""The Combiner equals the published formula, computed once more with loops over Python floats."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.floats import f64, linear, relu, sigmoid, unit, weights_of

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PairingError
from cir_bench_combiner.composer import CombinerComposer
from cir_bench_combiner.params import CombinerComposerParams


def shape(image: int, text: int | None = None) -> EncoderShape:
    return EncoderShape(FeatureShape(pooled=image), FeatureShape(pooled=text or image))


def combiner_by_hand(v: list[float], t: list[float], w: dict[str, Any]) -> list[float]:
    c = relu(linear(t, w, "project_text.0")) + relu(linear(v, w, "project_image.0"))
    out = linear(relu(linear(c, w, "output.0.0")), w, "output.1")
    (logit,) = linear(relu(linear(c, w, "mixing.0.0")), w, "mixing.1")
    lam = sigmoid(logit)
    return unit([o + lam * text + (1 - lam) * image for o, text, image in zip(out, t, v, strict=True)])


@pytest.mark.parametrize("factors", [{}, {"projection": 2, "hidden": 3}], ids=["paper", "narrow"])
def test_evaluation(factors: dict[str, int]) -> None:
    torch.manual_seed(0)
    composer = CombinerComposer(CombinerComposerParams(**factors), BuildContext(shape(3))).double().eval()
    weights = weights_of(composer)
    v, t = 2 * torch.randn(4, 3, dtype=torch.float64), 5 * torch.randn(4, 3, dtype=torch.float64)
    composed = composer.compose(Features(pooled=v), Features(pooled=t)).main
    expected = [combiner_by_hand(i, j, weights) for i, j in zip(v.tolist(), t.tolist(), strict=True)]
    torch.testing.assert_close(composed, f64(expected))


def test_features_enter_as_they_are_so_that_norms_count() -> None:
    """With everything learned at zero the query is the direction of v + t, not of the two unit vectors' sum."""
    composer = CombinerComposer(CombinerComposerParams(), BuildContext(shape(2))).eval()
    for parameter in composer.parameters():
        torch.nn.init.zeros_(parameter)
    v, t = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    composed = composer.compose(Features(pooled=v), Features(pooled=t)).main
    torch.testing.assert_close(composed, torch.tensor([[0.6, 0.8]]))


def test_dropout_is_half_after_every_hidden_relu_and_can_be_changed() -> None:
    for rate in (0.5, 0.25):
        composer = CombinerComposer(CombinerComposerParams(dropout=rate), BuildContext(shape(3)))
        assert [m.p for m in composer.modules() if isinstance(m, torch.nn.Dropout)] == [rate] * 4


def test_without_dropout_training_and_evaluation_agree() -> None:
    composer = CombinerComposer(CombinerComposerParams(dropout=0.0), BuildContext(shape(3)))
    v, t = Features(pooled=torch.randn(4, 3)), Features(pooled=torch.randn(4, 3))
    training, evaluation = composer.train().compose(v, t).main, composer.eval().compose(v, t).main
    assert torch.equal(training, evaluation)


def test_parameter_count_at_rn50x4_is_the_published_2560_and_5120() -> None:
    d, projected, hidden_units = 640, 2560, 5120
    with torch.device("meta"):
        composer = CombinerComposer(CombinerComposerParams(), BuildContext(shape(d)))
    projections = 2 * (d * projected + projected)
    output = (2 * projected * hidden_units + hidden_units) + (hidden_units * d + d)
    mixing = (2 * projected * hidden_units + hidden_units) + (hidden_units + 1)
    assert sum(p.numel() for p in composer.parameters()) == projections + output + mixing


def test_two_widths_are_refused_with_both_named() -> None:
    with pytest.raises(PairingError, match="3 and 5"):
        CombinerComposer(CombinerComposerParams(), BuildContext(shape(3, 5)))
