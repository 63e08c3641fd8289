"""`StandardMethod` trains the score that evaluation ranks by."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cir_bench import (
    Composer,
    ConfigError,
    Embedding,
    Encoder,
    Features,
    FinetuneMethod,
    FinetuneParams,
    GalleryView,
    Loss,
    MethodParams,
    StandardMethod,
    TrainBatch,
    Training,
    joint_score,
)

GENERATOR = torch.Generator().manual_seed(0)
BATCH = TrainBatch(*(Features(pooled=torch.randn(5, 3, generator=GENERATOR)) for _ in range(3)), torch.eye(5).bool())


class Opposite(Composer):
    """Its own score is the opposite of the joint score."""

    factorises = False

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled() + text.need_pooled())

    def score(self, query: Embedding, target: Embedding) -> Tensor:
        return -joint_score(query, target)


class Nearest(Opposite):
    """The query is replaced by its best candidate."""

    uses_gallery = True

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        return Embedding.single(gallery.take(gallery.topk(query, 1).rows)[:, 0])


class Recorded(Loss):
    """Keeps what it is given."""

    def forward(self, query, target, same_target, score=joint_score):
        self.query, self.function, self.scores = query, score, score(query, target)
        return self.scores.mean()


def trained_scores(composer: Composer) -> Recorded:
    loss = Recorded()
    method = StandardMethod(MethodParams(), composer, {"one": loss})
    (_,) = method.training_steps(BATCH, method.stages()[0])
    return loss


def test_losses_get_the_score_of_a_composer_that_does_not_factorise() -> None:
    composer = Opposite()
    query, target = composer.compose(BATCH.reference, BATCH.text), composer.embed_target(BATCH.target)
    assert torch.equal(trained_scores(composer).scores, -query.score(target))


def test_losses_get_the_joint_score_itself_otherwise() -> None:
    class Factorising(Opposite):
        factorises = True

    assert trained_scores(Factorising()).function is joint_score


def test_the_batch_is_searched_by_the_composers_score() -> None:
    composer = Nearest()
    query, target = composer.compose(BATCH.reference, BATCH.text), composer.embed_target(BATCH.target)
    assert torch.equal(trained_scores(composer).query.main, target.main[query.score(target).argmin(dim=1)])


@pytest.mark.parametrize(("stage", "sign"), [(0, 1), (1, -1)])
def test_the_first_stage_of_clip4cir_scores_the_sum_by_cosines(stage: int, sign: int) -> None:
    loss = Recorded()
    method = FinetuneMethod(FinetuneParams(finetune=Training()), Opposite(), {"one": loss})
    (_,) = method.training_steps(BATCH, method.stages()[stage])
    query, target = method.composer.compose(BATCH.reference, BATCH.text), method.composer.embed_target(BATCH.target)
    torch.testing.assert_close(loss.scores, sign * query.score(target))


class Layer(Encoder):
    """An encoder with one layer, called what it is told."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self.group, self.layer = group, torch.nn.Linear(2, 2)

    def parameter_groups(self):
        return {self.group: list(self.layer.parameters())}

    def image_item(self, image, *, train=False):
        raise NotImplementedError

    def encode_images(self, items, levels):
        raise NotImplementedError

    def encode_texts(self, texts, levels):
        raise NotImplementedError


def test_a_rate_of_the_pretrained_part_that_meets_none_is_an_error():
    params = MethodParams(training=Training(lr=0.1, encoder_lr=0.01))
    method = StandardMethod(params, Opposite(), {"one": Recorded()})
    (stage,) = method.stages()
    ((group,),) = [one.groups for one in method.optimisers(stage, {"main": Layer("backbone")})]
    assert group.lr == 0.01
    with pytest.raises(ConfigError, match=r"encoder_lr=0.01 of the stage 'training' meets no parameter: Layer"):
        method.optimisers(stage, {"main": Layer("cnn")})
    assert method.optimisers(stage, {})[0].groups == []
