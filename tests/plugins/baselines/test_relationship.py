"""The relation network equals its formula, computed once more with loops over Python floats; memory; contracts."""

from __future__ import annotations

import itertools

import pytest
import torch
from support.floats import f64, linear, relu, weights_of

import cir_bench_baselines.relationship as module
from cir_bench import BuildContext, EncoderShape, Features, FeatureShape
from cir_bench.testing import ComposerContract, MethodContract
from cir_bench_baselines.params import RelationshipParams
from cir_bench_baselines.relationship import RelationshipComposer

HEIGHT, WIDTH = 2, 3
SHAPE = EncoderShape(FeatureShape(pooled=9, maps=((5, 4, 4), (4, HEIGHT, WIDTH))), FeatureShape(pooled=2))


class TestRelationshipComposer(ComposerContract):
    name = "relationship"


class TestRelationship(MethodContract):
    name = "relationship"


def plus(*vectors: list[float]) -> list[float]:
    return [sum(values) for values in zip(*vectors, strict=True)]


def by_hand(x: list[list[list[float]]], text: list[float], composer: RelationshipComposer) -> list[float]:
    places = list(itertools.product(range(HEIGHT), range(WIDTH)))
    objects = []
    for r, c in places:
        coordinates = [2 * c / (WIDTH - 1) - 1, 2 * r / (HEIGHT - 1) - 1]
        objects.append([plane[r][c] for plane in x] + coordinates)
    total = [0.0] * composer.relate.out_features
    w = weights_of(composer)
    for left, right in itertools.product(objects, objects):
        hidden = relu(plus(linear(left, w, "first"), linear(right, w, "second"), linear(text, w, "text")))
        total = plus(total, relu(linear(hidden, w, "relate")))
    return linear(relu(linear(total, w, "summarise.0")), w, "summarise.2")


@pytest.fixture
def composer() -> RelationshipComposer:
    torch.manual_seed(0)
    return RelationshipComposer(RelationshipParams(hidden=4, embed_width=3), BuildContext(SHAPE)).double()


def features(seed: int, batch: int = 3) -> tuple[Features, Features]:
    generator = torch.Generator().manual_seed(seed)
    maps = [torch.randn(batch, *size, generator=generator, dtype=torch.float64) for size in SHAPE.image.maps]
    return Features(maps=tuple(maps)), Features(pooled=torch.randn(batch, 2, generator=generator, dtype=torch.float64))


def test_the_query_sums_over_all_ordered_pairs_of_positions(composer: RelationshipComposer) -> None:
    image, text = features(1)
    rows = zip(image.maps[-1].tolist(), text.need_pooled().tolist(), strict=True)
    expected = f64([by_hand(x, t, composer) for x, t in rows])
    torch.testing.assert_close(composer.compose(image, text).main, expected)


def test_the_target_is_the_pooled_map_through_a_linear_layer(composer: RelationshipComposer) -> None:
    image, _ = features(2)
    pooled, w = image.maps[-1].mean(dim=(2, 3)), weights_of(composer)
    expected = f64([linear(x, w, "embed") for x in pooled.tolist()])
    torch.testing.assert_close(composer.embed_target(image).main, expected)


def test_gradients(composer: RelationshipComposer) -> None:
    """By numerical differentiation, of the query with respect to map and text."""
    image, text = features(3)
    inputs = [image.maps[-1].requires_grad_(), text.need_pooled().requires_grad_()]

    def query(maps: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return composer.compose(Features(maps=(maps,)), Features(pooled=words)).main

    assert torch.autograd.gradcheck(query, inputs)


@pytest.mark.parametrize("block", [1, 3 * 6 * 4 * 4])
def test_computed_in_blocks_query_and_gradients_are_the_same(
    composer: RelationshipComposer, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """One position at a time, and four of six at a time."""
    image, text = features(4)
    results = []
    for size in (module.BLOCK, block):
        monkeypatch.setattr(module, "BLOCK", size)
        composer.zero_grad()
        query = composer.compose(image, text).main
        query.square().sum().backward()
        gradients = [p.grad.clone() for p in composer.parameters() if p.grad is not None]
        results.append([query.detach(), *gradients])
    for whole, blocks in zip(*results, strict=True):
        torch.testing.assert_close(blocks, whole)


def test_no_block_is_larger_than_asked(composer: RelationshipComposer, monkeypatch: pytest.MonkeyPatch) -> None:
    image, text = features(5, batch=7)
    monkeypatch.setattr(module, "BLOCK", 2 * 7 * HEIGHT * WIDTH * 4)
    sizes = []
    composer.relate.register_forward_hook(lambda layer, args, out: sizes.append(out.numel()))
    composer.compose(image, text).main.sum().backward()
    assert max(sizes) <= module.BLOCK
    assert len(sizes) == 2 * 3, "six positions, two at a time, forward and again backward"


def test_where_a_thing_is_makes_a_difference(composer: RelationshipComposer) -> None:
    """Positions carry coordinates, so a mirrored map gives another query (a pooled feature would not)."""
    image, text = features(6)
    mirrored = Features(maps=tuple(one.flip(-1) for one in image.maps))
    assert not torch.allclose(composer.compose(mirrored, text).main, composer.compose(image, text).main)


def test_widths_are_as_asked(make_method) -> None:
    method = make_method("relationship", maps=((3, 2, 2),), hidden=7, embed_width=5)
    assert method.composer.relate.weight.shape == (7, 7)
    assert method.composer.embed.out_features == method.composer.summarise[2].out_features == 5
