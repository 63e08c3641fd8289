"""Training batches: seeded, whole, with the texts the protocol allows and the pairs that are no negatives."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cir_bench.errors import DataError, RunError
from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.features import Features
from cir_bench.params.models import Training
from cir_bench.training.batches import TrainSet, epoch_rows, train_batches

CPU = torch.device("cpu")


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


class RowSpy(Spy):
    """Is asked by place."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: list[Sequence[str]] = []

    def image_rows(self, ids: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
        self.lists.append(ids)
        return (self.images([ids[row] for row in batch.tolist()]) for batch in batches)

    def text_rows(self, texts: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
        self.lists.append(texts)
        return (self.texts([texts[row] for row in batch.tolist()]) for batch in batches)


def data(size: int, **options: object) -> TrainSet:
    triplets = [Triplet(f"r{i}", ("a", "b"), f"t{i % 3}") for i in range(size)]
    return TrainSet(triplets, [("a", "b", "c", "d")] * size, **options)


@given(
    size=st.integers(1, 40),
    batch=st.integers(2, 12),
    seed=st.integers(0, 5),
    siblings=st.integers(1, 4),
)
def test_an_epoch_is_whole_batches_of_a_permutation(size: int, batch: int, seed: int, siblings: int) -> None:
    training = Training(batch_size=batch, siblings=siblings)
    rows = epoch_rows(data(size), training, (seed,))
    flat = torch.cat(tuple(rows)).tolist()
    assert len(set(flat)) == len(flat) and set(flat) <= set(range(size))
    assert [len(part) for part in rows] == ([batch] * (size // batch) if size >= batch else [size])
    again = epoch_rows(data(size), training, (seed,))
    assert torch.equal(torch.cat(tuple(again)), torch.cat(tuple(rows)))


def test_siblings_come_together_and_which_ones_changes_with_the_epoch() -> None:
    """10 images with 7 triplets each make 10 groups of 4 and 10 of 3."""
    families = TrainSet([Triplet(f"r{i % 10}", ("a",), f"t{i}") for i in range(70)], [("a",)] * 70)
    groups = []
    for epoch in range(3):
        order = families.rows.order((epoch,), siblings=4).tolist()
        assert sorted(order) == list(range(70))
        runs = [tuple(run) for _, run in itertools.groupby(order, key=lambda row: row % 10)]
        assert all(len(run) in {3, 4, 7, 8, 6} for run in runs)  # two groups of an image may meet
        assert len(runs) > 14
        groups.append({frozenset(run) for run in runs if len(run) == 4})
    assert groups[0] != groups[1] != groups[2]
    assert families.rows.order((0,)).tolist() != families.rows.order((0,), siblings=4).tolist()


def test_a_batch_holds_reference_and_target_of_the_same_triplets() -> None:
    spy = Spy()
    (batch,) = train_batches(data(4), spy, Training(batch_size=4), epoch=0, device=CPU, seed_parts=(0,))
    ids = spy.seen[0]
    assert [f"t{int(name[1:]) % 3}" for name in ids[:4]] == ids[4:]
    assert batch.reference.need_pooled().flatten().tolist() == [0, 1, 2, 3]
    assert batch.target.need_pooled().flatten().tolist() == [4, 5, 6, 7]


def test_texts_are_drawn_uniformly_and_anew_each_epoch() -> None:
    counts: Counter[str] = Counter()
    drawn = []
    for epoch in range(50):
        spy = Spy()
        list(train_batches(data(40), spy, Training(batch_size=40), epoch=epoch, device=CPU, seed_parts=(0, epoch)))
        drawn.append(tuple(spy.said[0]))
        counts.update(spy.said[0])
    assert len(set(drawn)) == 50
    assert drawn[0][:6] == ("a", "a", "c", "a", "c", "b"), "texts are drawn the same everywhere"
    assert all(400 < counts[text] < 600 for text in "abcd")


def test_pairs_with_the_same_target_image_are_marked_unless_switched_off() -> None:
    for mask in (True, False):
        spy = Spy()
        training = Training(batch_size=6, mask_same_target=mask)
        (batch,) = train_batches(data(6), spy, training, epoch=0, device=CPU, seed_parts=(0,))
        targets = spy.seen[0][6:]
        expected = [[i == j or (mask and a == b) for j, b in enumerate(targets)] for i, a in enumerate(targets)]
        assert batch.same_target.tolist() == expected


def test_side_texts_are_those_of_the_targets() -> None:
    spy = Spy()
    with_side = data(6, side_texts={"t0": "zero", "t1": "one"})
    (batch,) = train_batches(with_side, spy, Training(batch_size=6), epoch=0, device=CPU, seed_parts=(0,))
    targets = spy.seen[0][6:]
    assert spy.said[0] == [{"t0": "zero", "t1": "one"}.get(target, "") for target in targets]
    assert batch.side_text is not None and len(batch.side_text) == 6
    assert batch.described is not None
    assert batch.described.tolist() == [target in {"t0", "t1"} for target in targets]


def test_without_descriptions_a_batch_has_none() -> None:
    (batch,) = train_batches(data(6), Spy(), Training(batch_size=6), epoch=0, device=CPU, seed_parts=(0,))
    assert batch.side_text is None and batch.described is None


def test_triplets_and_texts_must_be_as_many() -> None:
    with pytest.raises(DataError, match="1 triplets have 0 lists of texts"):
        TrainSet([Triplet("r", ("a",), "t")], [])


def test_a_source_that_takes_rows_gets_what_another_one_is_asked_for_by_name() -> None:
    """The names are the same objects every epoch, so that a table finds them once."""
    triplets = [Triplet(f"r{i % 5}", ("a",), f"t{i % 3}") for i in range(20)]
    texts = [tuple(f"{i % 7}-{option}" for option in range(1 + i % 3)) for i in range(20)]
    train = TrainSet(triplets, texts, {"t0": "zero", "t2": "two"})
    named, by_row = Spy(), RowSpy()
    for epoch in range(2):
        for source in (named, by_row):
            list(train_batches(train, source, Training(batch_size=6), epoch=epoch, device=CPU, seed_parts=(0, epoch)))
    assert [a + b for a, b in zip(by_row.seen[::2], by_row.seen[1::2], strict=True)] == named.seen
    assert by_row.said == named.said
    assert len(set(map(id, by_row.lists))) == 2


def test_a_stage_may_look_at_all_images_of_the_epoch() -> None:
    triplets = [Triplet(f"r{i % 5}", ("a",), f"t{i % 3}") for i in range(20)]
    train, source = TrainSet(triplets, [("a",)] * 20), RowSpy()
    (plain, *_) = train_batches(train, source, Training(batch_size=6), epoch=0, device=CPU, seed_parts=(0,))
    assert plain.gallery is None
    for batch in train_batches(
        train, RowSpy(), Training(batch_size=6), epoch=0, device=CPU, seed_parts=(0,), gallery=True
    ):
        gallery = batch.gallery
        assert gallery is not None and len(gallery) == 8 and len(gallery.features(torch.arange(8))) == 8
        names = [train.rows.images[row] for row in (*gallery.reference.tolist(), *gallery.target.tolist())]
        assert [name[0] for name in names] == ["r"] * 6 + ["t"] * 6
        assert torch.equal(gallery.target[:, None] == gallery.target, batch.same_target)


def test_a_trained_encoder_cannot_encode_all_images_in_every_step() -> None:
    with pytest.raises(RunError, match=r"set training\.encoder=frozen"):
        next(train_batches(data(6), Spy(), Training(batch_size=6), epoch=0, device=CPU, seed_parts=(0,), gallery=True))


def test_images_alone_are_their_own_targets_and_are_encoded_once() -> None:
    images = TrainSet.of_images([f"i{n}" for n in range(5)])
    for spy in (Spy(), RowSpy()):
        batches = list(train_batches(images, spy, Training(batch_size=2), epoch=0, device=CPU, seed_parts=(0,)))
        assert [len(names) for names in spy.seen] == [2, 2]
        assert len({name for names in spy.seen for name in names}) == 4
        for batch in batches:
            assert batch.reference is batch.target
            assert batch.text.need_texts() == ("", "")
            assert batch.same_target.tolist() == [[True, False], [False, True]]
    assert (images.images_each, images.images) == (1, ("i0", "i1", "i2", "i3", "i4"))


def test_texts_alone_have_no_images() -> None:
    texts = TrainSet.of_texts(["b", "a", "b"])
    for spy in (Spy(), RowSpy()):
        (batch,) = train_batches(texts, spy, Training(batch_size=3), epoch=0, device=CPU, seed_parts=(0,))
        assert spy.seen == []
        assert (len(batch.reference), len(batch.target)) == (0, 0)
        said = batch.text.need_texts()
        assert sorted(said) == ["a", "b", "b"]
        assert batch.same_target.tolist() == [[one == other for other in said] for one in said]
    assert (texts.images_each, texts.images) == (1, ())


def test_texts_without_features_of_an_encoder() -> None:
    class Words(Spy):
        def texts(self, texts: Sequence[str]) -> Features:
            return Features()

    texts = TrainSet.of_texts(["b", "a"])
    (batch,) = train_batches(texts, Words(), Training(batch_size=2), epoch=0, device=CPU, seed_parts=(0,))
    assert sorted(batch.text.need_texts()) == ["a", "b"]
    assert batch.same_target.tolist() == [[True, False], [False, True]]
