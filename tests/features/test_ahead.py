"""Training batches are read ahead by worker processes; what they hold does not depend on how many there are."""

from __future__ import annotations

import pytest
import torch

from cir_bench import DataError, levels
from cir_bench.errors import PluginError
from cir_bench.features.live import ItemMemory, LiveSource, place_seed, seed_devices

POOLED = levels("pooled")
BATCHES = [[f"image{(3 * batch + place) % 10}" for place in range(6)] for batch in range(5)]
SEEDS = [11, 12, 13, 14, 15]


@pytest.fixture(autouse=True)
def _worth_it_for_few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cir_bench.features.processes.WORTH_WORKERS", 1)
    monkeypatch.setattr("cir_bench.features.live.CHUNK", 4)


@pytest.fixture
def augmenting(encoder):
    """Random choices at every image, and one in the forward pass (dropout)."""
    plain_item, plain_encode = encoder.image_item, encoder.encode_images
    encoder.augments = True
    encoder.image_item = lambda image, train=False: plain_item(image) + (torch.rand(()) if train else 0)
    encoder.encode_images = lambda items, wanted: plain_encode([item + torch.rand(()) for item in items], wanted)
    return encoder


def live(encoder, images, **options):
    return LiveSource({"main": encoder}, lambda name: images.refs([name])[0], POOLED, levels("tokens"), **options)


def values(features) -> list[float]:
    return features.need_pooled()[:, 0].tolist()


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_augmentation_follows_from_the_batchs_seed_and_the_place_in_it(augmenting, images, workers) -> None:
    expected = []
    for names, seed in zip(BATCHES, SEEDS, strict=True):
        items = []
        for place, image in enumerate(images.refs(names)):
            torch.manual_seed(place_seed(seed, place))
            items.append(augmenting.image_item(image, train=True))
        torch.manual_seed(seed)
        expected.append((values(augmenting.encode_images(items, POOLED)), torch.rand(1).item()))
    torch.manual_seed(0)
    source = live(augmenting, images, workers=workers)
    assert [(values(f), torch.rand(1).item()) for f in source.train_images(BATCHES, SEEDS)] == expected
    assert len({place_seed(seed, place) for seed in SEEDS for place in range(6)}) == 30


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_without_augmentation_the_generator_is_the_batchs(encoder, images, workers) -> None:
    seen = []
    for features, names in zip(
        live(encoder, images, workers=workers).train_images(BATCHES, SEEDS), BATCHES, strict=True
    ):
        assert values(features) == [float(name[-1]) for name in names]
        seen.append(torch.rand(1).item())
    expected = [torch.rand(1, generator=torch.Generator().manual_seed(seed)).item() for seed in SEEDS]
    assert seen == expected


@pytest.mark.parametrize("workers", [0, 2])
def test_the_second_epoch_reads_nothing_again(encoder, images, workers) -> None:
    source = live(encoder, images, workers=workers)
    first = [values(features) for features in source.train_images(BATCHES, SEEDS)]
    images.broken = set(images.content)
    assert [values(features) for features in source.train_images(BATCHES, SEEDS)] == first
    assert values(source.images(["image3"])) == [3]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_full_memory_changes_nothing(encoder, images, workers) -> None:
    memory = ItemMemory(max_bytes=3 * 4)  # three float32 scalars
    source = live(encoder, images, workers=workers, memory=memory)
    for _ in range(2):
        read = [values(features) for features in source.train_images(BATCHES, SEEDS)]
        assert read == [[float(name[-1]) for name in names] for names in BATCHES]
    assert len(memory) == 3


@pytest.mark.parametrize("augments", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_image_is_named_when_its_batch_is_due(encoder, images, workers, augments) -> None:
    encoder.augments = augments
    images.broken = {"image9"}  # in the third batch
    batches = live(encoder, images, workers=workers).train_images(BATCHES, SEEDS)
    next(batches), next(batches)
    with pytest.raises(DataError, match=r"^image 'image9' of plain cannot be decoded \(image file is truncated\)"):
        next(batches)


def test_a_defect_of_the_encoder_is_one_sentence(encoder, images) -> None:
    def fails(image, train=False):
        raise ZeroDivisionError("no pixels")

    encoder.image_item = fails
    with pytest.raises(PluginError, match=r"CountingEncoder failed on image 'image0': ZeroDivisionError: no pixels\.$"):
        next(live(encoder, images, workers=2).train_images(BATCHES, SEEDS))


def test_workers_end_with_the_epoch(encoder, images) -> None:
    import multiprocessing

    batches = live(encoder, images, workers=2).train_images(BATCHES, SEEDS)
    next(batches)
    assert multiprocessing.active_children()
    del batches
    assert not multiprocessing.active_children()


def test_generators_of_every_kind_of_gpu_are_seeded_too(monkeypatch):
    seeded = []
    for backend in (torch.cuda, torch.backends.mps):
        monkeypatch.setattr(backend, "is_available", lambda: True)
    for backend, seed in ((torch.cuda, "manual_seed_all"), (torch.mps, "manual_seed")):
        monkeypatch.setattr(backend, seed, lambda number, backend=backend: seeded.append((backend, number)))
    before = torch.get_rng_state()
    try:
        seed_devices(7)
        assert seeded == [(torch.cuda, 7), (torch.mps, 7)]
        assert torch.equal(torch.get_rng_state(), torch.Generator().manual_seed(7).get_state())
    finally:
        torch.set_rng_state(before)
