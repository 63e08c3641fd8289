"""The sentinels know nothing, yet say the same every time."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from cir_bench import Features


def pooled(vectors: Tensor) -> Features:
    return Features(pooled=vectors)


@pytest.fixture
def images() -> Tensor:
    return torch.randn(40, 6, generator=torch.Generator().manual_seed(0))


def test_random_is_at_chance_even_when_the_features_give_the_answer_away(make_composer) -> None:
    """Query features equal the target's; with 3000 independent queries R@k stays within 3 sigma of k / N."""
    torch.manual_seed(0)
    composer = make_composer("random")
    gallery = torch.randn(3000, 6)
    queries = composer.compose(pooled(gallery), pooled(gallery))
    scores = queries.score(composer.embed_target(pooled(gallery)))
    ranks = (scores > scores.diagonal()[:, None]).sum(dim=1)
    for k in (30, 300, 1500):
        chance = k / 3000
        sigma = math.sqrt(chance * (1 - chance) / 3000)
        assert abs((ranks < k).double().mean().item() - chance) < 3 * sigma


def test_random_depends_on_seed_role_and_content_only(make_composer, images: Tensor) -> None:
    torch.manual_seed(1)
    one = make_composer("random")
    torch.manual_seed(1)
    same_seed = make_composer("random")
    torch.manual_seed(2)
    other_seed = make_composer("random")
    assert torch.equal(one.embed_target(pooled(images)).main, same_seed.embed_target(pooled(images)).main)
    assert not torch.equal(one.embed_target(pooled(images)).main, other_seed.embed_target(pooled(images)).main)
    assert not torch.equal(one.embed_target(pooled(images)).main, one.compose(pooled(images), pooled(images)).main)


def test_random_is_the_same_whatever_else_is_in_the_batch(make_composer, images: Tensor) -> None:
    composer = make_composer("random")
    whole = composer.embed_target(pooled(images)).main
    order = torch.randperm(len(images))
    assert torch.equal(composer.embed_target(pooled(images[order])).main, whole[order])
    assert torch.equal(composer.embed_target(pooled(images[7:9])).main, whole[7:9])


def test_random_changes_wholly_with_the_last_bit_of_an_input(make_composer, images: Tensor) -> None:
    composer = make_composer("random")
    nudged = images.clone()
    nudged[:, 0] = torch.nextafter(images[:, 0], torch.tensor(torch.inf))
    cosines = (composer.embed_target(pooled(images)).main * composer.embed_target(pooled(nudged)).main).sum(dim=1)
    assert cosines.abs().max() < 0.5


def test_random_hears_reference_and_text(make_composer, images: Tensor) -> None:
    composer = make_composer("random")
    base = composer.compose(pooled(images), pooled(images)).main
    other = images.flip(0)
    assert not torch.isclose(composer.compose(pooled(other), pooled(images)).main, base).all(dim=1).any()
    assert not torch.isclose(composer.compose(pooled(images), pooled(other)).main, base).all(dim=1).any()


def test_random_s_draw_travels_with_its_weights(make_composer, images: Tensor) -> None:
    one, other = make_composer("random"), make_composer("random")
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.embed_target(pooled(images)).main, other.embed_target(pooled(images)).main)


def test_constant_ties_everything(make_composer, images: Tensor) -> None:
    composer = make_composer("constant")
    scores = composer.compose(pooled(images), pooled(images)).score(composer.embed_target(pooled(images)))
    assert scores.unique().tolist() == [1.0]


@pytest.mark.parametrize("name", ["random", "constant"])
def test_sentinels_train_nothing_even_on_an_encoder_that_could_learn(make_method, name: str) -> None:
    method = make_method(name, training={"encoder": "train"})
    assert list(method.stages()) == []
    assert list(method.parameters()) == []


@pytest.mark.parametrize("name", ["random", "constant"])
def test_an_empty_batch_is_an_empty_embedding(make_composer, name: str) -> None:
    assert len(make_composer(name).embed_target(pooled(torch.empty(0, 6)))) == 0
