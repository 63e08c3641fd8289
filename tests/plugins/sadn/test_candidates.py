"""Neighbours from all images of the train split, against a search over all of them at once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cir_bench import Composer, Embedding, Features
from cir_bench.errors import ConfigError
from cir_bench.testing.features import FeatureGallery
from cir_bench_sadn import candidates
from cir_bench_sadn.candidates import TrainImages

VALUES = st.integers(-3, 3).map(float)


class Doubled(Composer):
    """Embeds a candidate as twice its feature, with dropout while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(2.0))
        self.kept = torch.nn.Dropout(0.5)

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled())

    def embed_target(self, image: Features) -> Embedding:
        return Embedding.single(self.kept(self.factor * image.need_pooled()))


@given(
    st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=30), st.integers(1, 40), st.integers(1, 9), st.booleans()
)
def test_blocks_find_what_one_search_finds(images, k, block, own_left_out) -> None:
    vectors = torch.tensor(images) + 0.1  # no zero vector, whose cosine is not defined
    own = torch.tensor([0, len(images) - 1])
    gallery = FeatureGallery(Features(pooled=vectors), own, own)
    queries = torch.tensor([[1.0, 0.3], [-0.4, 1.0]])
    scores = torch.nn.functional.normalize(queries) @ torch.nn.functional.normalize(vectors).T
    if own_left_out:
        scores[[0, 1], own] = -torch.inf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "BLOCK", block)
        every = TrainImages(Doubled().train(), gallery, own_left_out=own_left_out)
        found = every.topk(Embedding.single(queries), k)
    wanted = min(k, len(images) - own_left_out)
    assert len(every) == len(images) - own_left_out and found.rows.shape == (2, wanted)
    torch.testing.assert_close(found.scores, scores.topk(wanted).values)
    torch.testing.assert_close(found.scores, scores.gather(1, found.rows))


def test_looking_keeps_every_mode_and_taking_has_gradients() -> None:
    composer = Doubled().train()
    composer.kept.eval()
    gallery = FeatureGallery(Features(pooled=torch.eye(4)), torch.arange(2), torch.arange(2))
    every = TrainImages(composer, gallery, own_left_out=False)
    rows = every.topk(Embedding.single(torch.eye(4)[:2]), 2).rows
    assert composer.training and not composer.kept.training
    taken = every.take(torch.tensor([[3, 0], [0, 0]]))
    assert taken.tolist() == (2 * torch.eye(4)[torch.tensor([[3, 0], [0, 0]])]).tolist()
    taken.sum().backward()
    assert composer.factor.grad is not None and composer.factor.grad.item() == 4 and rows.shape == (2, 2)


def test_neighbours_of_the_train_split_are_those_of_a_batch_that_has_them_all(make_sadn, make_batch) -> None:
    """With the targets of the batch as the whole train split, both are the same step."""
    batch = make_batch(repeated=False)
    rows = torch.arange(7)
    alone = type(batch)(
        **{**vars(batch), "gallery": FeatureGallery(batch.target, rows, rows)},
    )
    for own_target in ("kept", "left-out"):
        steps = []
        for neighbourhood in ("batch", "train"):
            method = make_sadn(neighbours=3, neighbourhood=neighbourhood, own_target=own_target)
            (stage,) = method.stages()
            assert stage.gallery == (neighbourhood == "train")
            (step,) = method.training_steps(alone, stage)
            steps.append(step.terms)
        torch.testing.assert_close(steps[0], steps[1])
    (wider,) = make_sadn(neighbours=3, neighbourhood="train").training_steps(batch, stage)
    assert not torch.isclose(wider.terms["rank"], steps[0]["rank"]), "references are neighbours, too"


def test_a_neighbourhood_of_all_train_images_is_refused(make_sadn) -> None:
    with pytest.raises(ConfigError, match="set neighbourhood=batch"):
        make_sadn(neighbourhood="train", ablation="no-neighbourhood")


def test_a_neighbourhood_from_the_train_split_may_be_larger_than_a_batch(make_sadn) -> None:
    small = {"neighbours": 20, "training": {"batch_size": 8}}
    make_sadn(neighbourhood="train", **small)
    with pytest.raises(ConfigError, match=r"training\.batch_size is 8"):
        make_sadn(**small)
