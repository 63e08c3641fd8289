"""Batches are as large as the memory has room for; what they hold does not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from support.tables import SCOPE

from cir_bench import Features, Needs, levels
from cir_bench.features.cache import FeatureCache
from cir_bench.features.fill import no_progress
from cir_bench.features.request import FeatureRequest
from cir_bench.features.sizes import MOST, SHARE, BatchSizes, GpuMemory

POOLED = Needs(image=levels("pooled"), text=levels("pooled"))
ITEM = 10
"""Bytes that an item takes."""


class Pretended:
    """A memory of ``room`` bytes, in which every item of a batch takes `ITEM`; ``asks`` counts its batches."""

    def __init__(self, room: int) -> None:
        self.room, self.now, self.released = room, 0, 0

    def free(self) -> int:
        return self.room

    def peak_of(self, work: Callable[[], Any]) -> tuple[Any, int]:
        result = work()
        return result, self.now

    def release(self) -> None:
        self.released += 1

    def take(self, items: int) -> None:
        """A batch of so many."""
        self.now = items * ITEM
        if self.now > self.room:
            raise torch.OutOfMemoryError


def room_for(items: int) -> Pretended:
    """What a batch of so many items may take of it is just enough."""
    return Pretended(items * ITEM * SHARE)


@pytest.fixture
def batches(monkeypatch, cache, encoder, images):
    """Extracts the red of ten images, two at a time by default; gives the batches, each as its images."""
    monkeypatch.setattr("cir_bench.features.request.IMAGE_BATCH", 2)

    def extract(memory: Pretended | None, progress=no_progress) -> list[list[float]]:
        encode, encoder.image_batches = type(encoder).encode_images, []

        def taking(items: Sequence[Any], wanted: Any) -> Features:
            if memory is not None:
                memory.take(len(items))
            return encode(encoder, items, wanted)

        monkeypatch.setattr(encoder, "encode_images", taking)
        sizes = BatchSizes(memory)
        request = FeatureRequest.of_images("counting", encoder, images.refs(), POOLED, SCOPE, sizes=sizes)
        table = FeatureCache(cache.root).table(request, progress)
        assert table.rows([f"image{n}" for n in range(10)]).need_pooled()[:, 0].tolist() == [*range(10)]
        largest = max(map(len, [batch for batch, _ in encoder.image_batches]))
        assert sizes.used == {"image": largest}
        return [batch for batch, _ in encoder.image_batches]

    return extract


def test_a_batch_takes_the_largest_power_of_two_that_has_room(batches) -> None:
    memory = room_for(7)  # eight would be more than its share
    assert batches(memory) == [[0, 1], [0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], "the first two are encoded to measure them"
    assert memory.released == 1


def test_without_a_memory_to_look_at_it_is_the_default(batches) -> None:
    assert batches(None) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]


def test_it_never_takes_more_than_is_of_use(batches, monkeypatch) -> None:
    monkeypatch.setattr("cir_bench.features.sizes.MOST", 2)
    assert MOST == 8 and batches(room_for(1000))[1:] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_what_does_not_fit_after_all_is_halved(batches) -> None:
    """Another process took the memory that was free."""

    class Taken(Pretended):
        def free(self) -> int:
            return 1000 * ITEM

    assert [len(batch) for batch in batches(Taken(3 * ITEM))] == [2] * 6


def test_not_even_the_default_fits(batches) -> None:
    assert [len(batch) for batch in batches(Pretended(ITEM))] == [1, 1, *[1] * 10]


def test_an_extraction_that_goes_on_makes_the_same_batches(batches, monkeypatch) -> None:
    monkeypatch.setattr("cir_bench.features.fill.SHARD_ITEMS", 4)

    def dies(done: int, *_: Any) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batches(room_for(4), dies)
    assert batches(room_for(4)) == [[4, 5], [4, 5, 6, 7], [8, 9]], "the first four are in the cache"


def test_texts_are_measured_by_the_longest(monkeypatch, cache, encoder) -> None:
    monkeypatch.setattr("cir_bench.features.request.TEXT_BATCH", 2)
    texts = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]
    sizes = BatchSizes(Pretended(0))  # all of it is taken, by whatever is measured
    cache.table(FeatureRequest.of_texts("counting", encoder, texts, POOLED, SCOPE, sizes))
    assert encoder.text_batches[0][0] == ["eeeee", "ffffff"] and sizes.used["text"] == 6


def test_features_are_those_of_smaller_batches_up_to_rounding(tmp_path) -> None:
    """The tolerance that the page states: 1e-5 of a feature's norm in single precision."""
    from cir_bench import Context, FeatureLevel, NoParams
    from cir_bench_encoders.tiny.encoder import Tiny

    tiny = Tiny(NoParams(), Context(data_root=None, cache_dir=tmp_path)).eval()
    pixels = torch.randint(0, 256, (96, 3, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    pooled = frozenset({FeatureLevel.POOLED})
    with torch.no_grad():
        whole = tiny.encode_images(list(pixels), pooled).need_pooled()
        parts = torch.cat([tiny.encode_images(list(part), pooled).need_pooled() for part in pixels.split(12)])
    assert ((whole - parts).norm(dim=1) <= 1e-5 * whole.norm(dim=1)).all()


@pytest.mark.parametrize(
    ("room", "expected"), [(room_for(4), [2, 4, 4]), (room_for(1000), [2, 8]), (room_for(2), [2] * 5)]
)
def test_evaluation_keeps_the_batch_that_it_measures(room, expected) -> None:
    sizes, seen = BatchSizes(room), list[int]()

    def work(part: slice) -> list[int]:
        room.take(part.stop - part.start)
        seen.append(part.stop - part.start)
        return [*range(part.start, part.stop)]

    found = [item for part in sizes.each("gallery", 10, 2, work) for item in part]
    assert found == [*range(10)] and seen == expected and sizes.used == {"gallery": max(expected)}


def test_evaluation_takes_less_when_a_larger_batch_does_not_fit() -> None:
    memory, seen = room_for(1000), list[int]()
    sizes = BatchSizes(memory)

    def work(part: slice) -> slice:
        seen.append(part.stop - part.start)
        if seen[-1] > 4:
            raise torch.OutOfMemoryError
        memory.now = 0
        return part

    assert [part.stop for part in sizes.each("queries", 20, 2, work)] == [2, 6, 10, 14, 18, 20]
    assert seen == [2, 16, 8, 4, 4, 4, 4, 2] and sizes.used == {"queries": 4} and memory.released == 2
    with pytest.raises(torch.OutOfMemoryError):  # the default is not made smaller: composers may need all of a batch
        list(sizes.each("queries", 20, 5, work))


def test_a_gpu_is_asked_without_losing_the_peak_of_the_cell(monkeypatch) -> None:
    """On a CPU, torch's answers are made up."""
    peak = iter([700, 350])
    answers = {"mem_get_info": (1000, 2000), "memory_reserved": 500, "memory_allocated": 200}
    answers |= {"reset_peak_memory_stats": None, "empty_cache": None}
    for name, answer in answers.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: next(peak))
    memory = GpuMemory(torch.device("cuda"))
    assert memory.free() == 1300, "what torch keeps unused is free, too"
    assert memory.peak_of(lambda: "result") == ("result", 150)
    assert memory.highest == 700
