import pytest
import torch
from support.tables import image_table, text_table

from cir_bench import DataError, levels
from cir_bench.features.live import ItemMemory, LiveSource
from cir_bench.features.source import MAIN, CachedSource, Tables

POOLED = levels("pooled")


def live(encoder, images, **options):
    return LiveSource({"main": encoder}, lambda name: images.refs([name])[0], POOLED, levels("tokens"), **options)


def counting_decodes(encoder):
    seen = []
    original = encoder.image_item
    encoder.image_item = lambda image, train=False: (seen.append((image.id, train)), original(image, train=train))[1]
    return seen


def test_live_features_carry_gradients_to_the_encoder(encoder, images):
    source = live(encoder, images)
    source.images(["image2", "image3", "image2"]).need_pooled().sum().backward()
    assert encoder.weight.grad.item() == 2 * (2 + 3 + 2)
    assert source.texts(["ab"]).need_tokens()[0][0, :2, 0].tolist() == [97, 98]


@pytest.mark.parametrize("workers", [0, 3])
def test_an_epoch_does_not_decode_what_the_last_one_did(encoder, images, workers):
    seen = counting_decodes(encoder)
    source = live(encoder, images, workers=workers)
    names = ["image4", "image0", "image4"]
    for features in (*source.train_images([names, names], [1, 2]), source.images(names)):
        assert features.need_pooled()[:, 0].tolist() == [4, 0, 4]
    assert sorted(seen) == [("image0", False), ("image4", False)]


def test_augmented_items_are_drawn_anew_but_evaluation_items_are_kept(encoder, images):
    encoder.augments = True
    seen = counting_decodes(encoder)
    source = live(encoder, images, workers=3)
    for _ in source.train_images([["image1"], ["image1", "image1"]], [1, 2]):
        pass
    source.images(["image1"])
    source.images(["image1"])
    assert seen == [("image1", True)] * 3 + [("image1", False)]


def test_the_memory_keeps_to_its_budget(encoder, images):
    seen = counting_decodes(encoder)
    memory = ItemMemory(max_bytes=3 * 4)  # three float32 scalars
    source = live(encoder, images, memory=memory)
    names = [f"image{n}" for n in range(5)]
    for _ in range(2):
        assert source.images(names).need_pooled()[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert len(memory) == 3
    assert len(seen) == 5 + 2


def test_branches_get_the_same_items(encoder, images):
    from copy import deepcopy

    other = deepcopy(encoder)
    with torch.no_grad():
        other.weight.mul_(10)
    source = LiveSource({"local": encoder, "global": other}, lambda n: images.refs([n])[0], POOLED, POOLED)
    features = source.images(["image3"])
    assert features.branch("local").need_pooled().tolist() == [[3, 3]]
    assert features.branch("global").need_pooled().tolist() == [[30, 30]]
    assert source.texts(["ab"]).branch("global").need_pooled().tolist() == [[20, 20]]


def test_an_undecodable_image_is_named(encoder, images):
    images.broken = {"image7"}
    with pytest.raises(DataError, match="image 'image7' of plain"):
        live(encoder, images, workers=2).images(["image6", "image7"])


@pytest.mark.parametrize("preload_bytes", [0, 1 << 20])
def test_a_cached_source_reads_from_files_and_from_memory(cache, encoder, images, preload_bytes):
    pictures = image_table(cache, encoder, images.refs(["image5", "image1", "image2"]), levels("pooled", "maps"))
    words = text_table(cache, encoder, ["a", "bcd"], levels("tokens"))
    assert pictures.preload(max_bytes=preload_bytes) == words.preload(max_bytes=preload_bytes) == bool(preload_bytes)
    source = CachedSource({MAIN: Tables(pictures, words)}, torch.device("cpu"))
    assert source.images(["image2", "image5", "image1"]).need_pooled()[:, 0].tolist() == [2, 5, 1]
    assert source.images(["image2", "image5"]).need_maps(1)[0].flatten(1)[:, 0].tolist() == [4, 7]
    assert source.texts(["a"]).need_tokens()[0].flatten().tolist() == [97]
    assert source.texts(["bcd", "a"]).need_tokens()[1].tolist() == [[True] * 3, [True, False, False]]


@pytest.mark.parametrize("preload_bytes", [0, 1 << 20])
def test_rows_of_a_cached_source_are_those_of_the_names(cache, encoder, images, preload_bytes):
    names, texts = ["image5", "image1", "image2"], ["a", "bcd", "ef"]
    pictures = image_table(cache, encoder, images.refs(names), levels("pooled", "maps"))
    words = text_table(cache, encoder, texts, levels("tokens"))
    for table in (pictures, words):
        table.preload(max_bytes=preload_bytes)
    source = CachedSource({MAIN: Tables(pictures, words)}, torch.device("cpu"))
    for order in (names, names[::-1]):  # another list is looked up anew
        batches = [torch.tensor([2, 0, 2]), torch.tensor([1])]
        for features, batch in zip(source.image_rows(order, batches), batches, strict=True):
            assert_same(features, source.images([order[row] for row in batch.tolist()]))
    for features, batch in zip(source.text_rows(texts, batches), batches, strict=True):
        assert_same(features, source.texts([texts[row] for row in batch.tolist()]))


def assert_same(found, expected):
    assert found.tensors().keys() == expected.tensors().keys()
    assert all(torch.equal(tensor, expected.tensors()[name]) for name, tensor in found.tensors().items())
