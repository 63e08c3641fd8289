"""A batch that the device's memory does not hold is encoded in parts, with the same features and gradients."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from cir_bench.features.chunks import Chunks
from cir_bench.interfaces.features import Features


class Small:
    """Encodes rows ``[d]``; its memory holds ``room`` of them."""

    def __init__(self, room: int = 1000) -> None:
        torch.manual_seed(0)
        self.room, self.asked = room, list[int]()
        self.map = nn.Linear(3, 4, dtype=torch.float64)

    def __call__(self, rows: Sequence[Tensor]) -> Features:
        self.asked.append(len(rows))
        if len(rows) > self.room:
            raise torch.OutOfMemoryError
        out = self.map(torch.stack(list(rows))).tanh()
        longest = int(max(row[0] for row in rows)) + 1  # tokens are as many as the longest of a part has
        mask = torch.arange(longest) <= torch.stack([row[0] for row in rows])[:, None]
        return Features(pooled=out, tokens=out[:, None].expand(-1, longest, -1) * mask[..., None], mask=mask)


def rows(count: int) -> list[Tensor]:
    return list((torch.arange(3 * count, dtype=torch.float64) % 7).reshape(count, 3))


@torch.no_grad()
def test_what_does_not_fit_is_encoded_in_halves_from_then_on() -> None:
    small, chunks = Small(room=3), Chunks()
    features = chunks.encode(small, rows(10))
    assert small.asked == [10, 5, 2, 2, 2, 2, 2] and chunks.most == 2
    expected = Small()(rows(10))
    for name, tensor in expected.tensors().items():
        torch.testing.assert_close(features.tensors()[name], tensor, rtol=1e-12, atol=0)
    small.asked.clear()
    chunks.encode(small, rows(4))
    assert small.asked == [2, 2]


@torch.no_grad()
def test_parallel_sequences_are_cut_at_the_same_places() -> None:
    def pairs(images: Sequence[Tensor], texts: Sequence[str]) -> Features:
        if len(images) > 2:
            raise torch.OutOfMemoryError
        return Features(pooled=torch.stack([image * len(text) for image, text in zip(images, texts, strict=True)]))

    texts = ["a", "bb", "ccc", "dddd", "eeeee"]
    expected = torch.stack([image * len(text) for image, text in zip(rows(5), texts, strict=True)])
    assert torch.equal(Chunks().encode(pairs, rows(5), texts).need_pooled(), expected)


@torch.no_grad()
def test_one_item_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        Chunks().encode(Small(room=0), rows(3))


@torch.no_grad()
def test_no_items_are_encoded_once() -> None:
    chunks = Chunks()
    assert len(chunks.encode(lambda part: Features(pooled=torch.zeros(len(part), 2)), [])) == 0


def test_gradients_of_parts_are_those_of_the_whole_batch() -> None:
    def gradient(chunks: Chunks, small: Small) -> Tensor:
        features = chunks.encode(small, rows(7))
        pooled = features.need_pooled()
        ((pooled @ pooled.T).softmax(dim=1).diag().sum() + features.need_tokens()[0].pow(2).sum()).backward()
        assert small.map.weight.grad is not None
        return small.map.weight.grad

    whole, parted, chunks = Small(), Small(), Chunks()
    expected = gradient(chunks, whole)
    assert whole.asked == [7]
    assert chunks.halve() and chunks.most == 3
    torch.testing.assert_close(gradient(chunks, parted), expected, rtol=1e-12, atol=0)
    assert sorted(parted.asked) == [1, 1, 3, 3, 3, 3], "each part is computed twice, and never with another"


def test_the_error_is_raised_where_gradients_are_needed() -> None:
    """Whatever fails in the middle of a training step has to be done again from its beginning."""
    with pytest.raises(torch.OutOfMemoryError):
        Chunks().encode(Small(room=3), rows(10))


def test_it_is_halved_down_to_one_item() -> None:
    chunks = Chunks()
    chunks.encode(Small(), rows(5))
    assert [chunks.halve() and chunks.most for _ in range(3)] == [2, 1, False]
