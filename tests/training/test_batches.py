"""Training batches: seeded, whole, with the texts the protocol allows and the pairs that are no negatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.features import Features
from cir_bench.params.models import Training
from cir_bench.training.batches import TrainSet, epoch_rows, same_targets, train_batches


class Spy:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.said: list[list[str]] = []

    def images(self, ids: Sequence[str]) -> Features:
        self.seen.append(list(ids))
        return Features(pooled=torch.arange(len(ids), dtype=torch.float32)[:, None])

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        self.said.append(list(texts))
        return Features(pooled=torch.zeros(len(texts), 1))


def data(size: int, **options: object) -> TrainSet:
    triplets = [Triplet(f"r{i}", ("a", "b"), f"t{i % 3}") for i in range(size)]
    return TrainSet(triplets, [("a", "b", "c", "d")] * size, **options)


@given(size=st.integers(1, 40), batch=st.integers(2, 12), seed=st.integers(0, 5))
def test_an_epoch_is_whole_batches_of_a_permutation(size: int, batch: int, seed: int) -> None:
    rows = epoch_rows(size, batch, (seed,))
    flat = torch.cat(rows).tolist()
    assert len(set(flat)) == len(flat) and set(flat) <= set(range(size))
    assert [len(part) for part in rows] == ([batch] * (size // batch) if size >= batch else [size])
    assert torch.equal(torch.cat(epoch_rows(size, batch, (seed,))), torch.cat(rows))


def test_a_batch_holds_reference_and_target_of_the_same_triplets() -> None:
    spy = Spy()
    (batch,) = train_batches(data(4), spy, Training(batch_size=4), epoch=0, seed_parts=(0,))
    ids = spy.seen[0]
    assert [f"t{int(name[1:]) % 3}" for name in ids[:4]] == ids[4:]
    assert batch.reference.need_pooled().flatten().tolist() == [0, 1, 2, 3]
    assert batch.target.need_pooled().flatten().tolist() == [4, 5, 6, 7]


def test_texts_are_drawn_uniformly_and_anew_each_epoch() -> None:
    counts: Counter[str] = Counter()
    drawn = []
    for epoch in range(50):
        spy = Spy()
        list(train_batches(data(40), spy, Training(batch_size=40), epoch=epoch, seed_parts=(0, epoch)))
        drawn.append(tuple(spy.said[0]))
        counts.update(spy.said[0])
    assert len(set(drawn)) == 50
    assert all(400 < counts[text] < 600 for text in "abcd")


def test_pairs_with_the_same_target_image_are_marked_unless_switched_off() -> None:
    device = torch.device("cpu")
    marked = same_targets(["x", "y", "x"], True, device)
    assert marked.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    assert torch.equal(same_targets(["x", "y", "x"], False, device), torch.eye(3, dtype=torch.bool))


def test_side_texts_are_those_of_the_targets() -> None:
    spy = Spy()
    with_side = data(6, side_texts={"t0": "zero", "t1": "one"})
    (batch,) = train_batches(with_side, spy, Training(batch_size=6), epoch=0, seed_parts=(0,))
    targets = spy.seen[0][6:]
    assert spy.said[0] == [{"t0": "zero", "t1": "one"}.get(target, "") for target in targets]
    assert batch.side_text is not None and len(batch.side_text) == 6
    assert batch.described is not None
    assert batch.described.tolist() == [target in {"t0", "t1"} for target in targets]


def test_without_descriptions_a_batch_has_none() -> None:
    (batch,) = train_batches(data(6), Spy(), Training(batch_size=6), epoch=0, seed_parts=(0,))
    assert batch.side_text is None and batch.described is None


def test_triplets_and_texts_must_be_as_many() -> None:
    with pytest.raises(DataError, match="1 triplets have 0 lists of texts"):
        TrainSet([Triplet("r", ("a",), "t")], [])
