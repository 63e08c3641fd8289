"""Pic2Word's equations: the mapping, the loss, and the texts of training and of queries."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PseudoWords, TrainBatch
from cir_bench_pic2word import needs
from cir_bench_pic2word.mapping import Mapping
from cir_bench_pic2word.method import Pic2word, contrastive
from cir_bench_pic2word.params import Pic2wordParams

POOLED = FeatureShape(pooled=5)
Read = list[tuple[str, Sequence[str]]]


@pytest.fixture
def read() -> Read:
    """Every text that the tower was asked for."""
    return []


@pytest.fixture
def method(read: Read) -> Pic2word:
    """Its text feature is the word with a 1 before and a 2 after it."""

    def reader(template: str, captions: Sequence[str], vectors: Tensor) -> Features:
        read.append((template, captions))
        return Features(F.pad(F.pad(vectors, (1, 0), value=1.0), (0, 1), value=2.0))

    torch.manual_seed(0)
    params = Pic2wordParams(hidden=4, scale=3.0, dropout=0.0)
    words = PseudoWords(3, reader, template=needs(params).template)
    return Pic2word(params, BuildContext(EncoderShape(POOLED, POOLED), words))


def test_the_mapping_is_two_hidden_layers_and_a_linear_one() -> None:
    mapping = Mapping(5, 4, 3, dropout=0.1).eval()
    weights = mapping.state_dict()
    x = torch.randn(6, 5)
    expected = x
    for layer in ("layers.0.0", "layers.1.0"):
        expected = (expected @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]).relu()
    expected = expected @ weights["fc_out.weight"].T + weights["fc_out.bias"]
    torch.testing.assert_close(mapping(x), expected)
    assert not torch.equal(mapping.train()(x), expected)


def test_the_loss_is_the_mean_of_both_cross_entropies() -> None:
    text, image = torch.randn(4, 5).double(), torch.randn(4, 5).double()
    cosine = torch.stack([torch.stack([F.cosine_similarity(t, i, dim=0) for i in image]) for t in text])
    shares = [-torch.log_softmax(3 * logits, dim=1).diagonal().mean() for logits in (cosine, cosine.T)]
    found = contrastive(text, image, torch.eye(4).bool(), 3.0)
    torch.testing.assert_close(found, (shares[0] + shares[1]) / 2)


def test_another_copy_of_the_image_is_no_negative() -> None:
    """Two equal rows cost as much as one of them would: the copies do not push each other away."""
    image = torch.eye(5)[:2]
    twice = torch.cat([image, image[:1]])
    same = torch.tensor([[True, False, True], [False, True, False], [True, False, True]])
    rows = contrastive(twice, twice, same, 2.0), contrastive(twice, twice, torch.eye(3).bool(), 2.0)
    assert rows[0] < rows[1]
    alone = -torch.log_softmax(torch.tensor([2.0, 0.0]), 0)[0]
    one_of_three = -torch.log_softmax(torch.tensor([2.0, 0.0, 0.0]), 0)[0]
    torch.testing.assert_close(rows[0], (2 * alone + one_of_three) / 3)


def test_training_reads_a_photo_of_the_image_and_no_caption(method: Pic2word, read: Read) -> None:
    image = Features(torch.randn(4, 5))
    batch = TrainBatch(image, Features(torch.zeros(4, 5), texts=("",) * 4), image, torch.eye(4).bool())
    (step,) = method.training_steps(batch, method.stages()[0])
    assert read == [("a photo of $", [""] * 4)]
    word = method.composer.mapping(image.need_pooled())
    text = torch.cat([torch.ones(4, 1), word, 2 * torch.ones(4, 1)], dim=1)
    torch.testing.assert_close(step.total(), contrastive(text, image.need_pooled(), batch.same_target, 3.0))


def test_a_query_is_the_photo_and_the_caption(method: Pic2word, read: Read) -> None:
    reference, captions = torch.randn(2, 5), ("is red", "")
    query = method.eval().composer.compose(Features(reference), Features(torch.zeros(2, 5), texts=captions))
    assert read == [("a photo of $ , {text}", captions)]
    torch.testing.assert_close(query.main[:, 1:4], method.composer.mapping(reference))
