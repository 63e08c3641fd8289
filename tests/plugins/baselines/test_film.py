"""FiLM equals its formula, computed once more with loops over Python floats; contracts and refusals."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from support.building import needs
from support.floats import f64, linear, relu, weights_of

import cir_bench_baselines
from cir_bench import (
    BuildContext,
    EncoderShape,
    FeatureLevel,
    Features,
    FeatureShape,
    PairingError,
    Provides,
    TrainBatch,
)
from cir_bench.testing import ComposerContract, MethodContract
from cir_bench_baselines.film import FilmComposer
from cir_bench_baselines.params import FilmParams

SHAPE = EncoderShape(FeatureShape(pooled=9, maps=((5, 4, 4), (3, 2, 3))), FeatureShape(pooled=2))
SPECS = {spec.name: spec for spec in cir_bench_baselines.METHODS}


class TestFilmComposer(ComposerContract):
    name = "film"


class TestFilm(MethodContract):
    name = "film"


@pytest.fixture
def composer() -> FilmComposer:
    torch.manual_seed(0)
    return FilmComposer(FilmParams(embed_width=4), BuildContext(SHAPE)).double()


def features(seed: int) -> tuple[Features, Features]:
    generator = torch.Generator().manual_seed(seed)
    maps = [torch.randn(3, *size, generator=generator, dtype=torch.float64) for size in SHAPE.image.maps]
    return Features(maps=tuple(maps)), Features(pooled=torch.randn(3, 2, generator=generator, dtype=torch.float64))


def test_the_query_is_the_modulated_map_pooled(composer: FilmComposer) -> None:
    image, text = features(1)
    expected, w = [], weights_of(composer)
    for x, t in zip(image.maps[-1].tolist(), text.need_pooled().tolist(), strict=True):
        modulation = linear(t, w, "modulation")
        pooled = []
        for k, plane in enumerate(x):
            gamma, beta = 1 + modulation[k], modulation[len(x) + k]
            cells = relu([gamma * value + beta for row in plane for value in row])
            pooled.append(sum(cells) / len(cells))
        expected.append(linear(pooled, w, "embed"))
    found = composer.compose(image, text).main
    torch.testing.assert_close(found, f64(expected))


def test_the_target_is_the_map_pooled_through_the_same_layer(composer: FilmComposer) -> None:
    image, _ = features(2)
    pooled, w = image.maps[-1].mean(dim=(2, 3)), weights_of(composer)
    expected = [linear(x, w, "embed") for x in pooled.tolist()]
    torch.testing.assert_close(composer.embed_target(image).main, f64(expected))


def test_a_text_that_says_nothing_leaves_a_map_of_relu_as_it_is(composer: FilmComposer) -> None:
    """γ = 1 + Δγ: with Δγ = β = 0 the query of a map is its own target."""
    image, text = features(3)
    image = Features(maps=tuple(one.relu() for one in image.maps))
    with torch.no_grad():
        composer.modulation.weight.zero_()
        composer.modulation.bias.zero_()
    torch.testing.assert_close(composer.compose(image, text).main, composer.embed_target(image).main)


def test_gradients(composer: FilmComposer) -> None:
    """By numerical differentiation, of the query with respect to map and text."""
    image, text = features(4)
    inputs = [image.maps[-1].requires_grad_(), text.need_pooled().requires_grad_()]

    def query(maps: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return composer.compose(Features(maps=(maps,)), Features(pooled=words)).main

    assert torch.autograd.gradcheck(query, inputs)


def test_the_method_minimises_the_batch_classification_loss(make_method) -> None:
    generator = torch.Generator().manual_seed(5)
    method = make_method("film", maps=((3, 2, 2),), embed_width=5)
    maps = [Features(maps=(torch.randn(6, 3, 2, 2, generator=generator),)) for _ in range(2)]
    text = Features(pooled=torch.randn(6, 6, generator=generator))
    batch = TrainBatch(maps[0], text, maps[1], torch.eye(6, dtype=torch.bool))
    (step,) = method.training_steps(batch, method.stages()[0])
    query, target = method.composer.compose(maps[0], text).main, method.composer.embed_target(maps[1]).main
    logits = 16 * F.normalize(query, dim=1) @ F.normalize(target, dim=1).T
    torch.testing.assert_close(step.total(), F.cross_entropy(logits, torch.arange(6)))
    assert query.shape == (6, 5)


@pytest.mark.parametrize("name", ["film", "relationship"])
def test_both_map_baselines_need_one_map_and_say_so(make_composer, name: str) -> None:
    found = needs(SPECS[name], SPECS[name].params())
    assert (found.image, found.text, found.map_levels) == ({FeatureLevel.MAPS}, {FeatureLevel.POOLED}, 1)
    with pytest.raises(PairingError, match=f"{name} needs feature maps"):
        make_composer(name)


@pytest.mark.parametrize("name", ["film", "relationship"])
def test_a_pooled_only_encoder_lacks_them(name: str) -> None:
    lacks = Provides().lacks(needs(SPECS[name], SPECS[name].params()))
    assert lacks == ["image features maps (it gives pooled)"]
