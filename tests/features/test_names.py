"""Methods that read nothing of an encoder get numbers made from names."""

import torch

from cir_bench import Needs, levels
from cir_bench.features.names import SHAPE, WIDTH, NameSource

SOURCE = NameSource(torch.device("cpu"))


def test_the_numbers_of_an_item_say_which_one_it_is_and_are_the_same_every_time():
    found = SOURCE.images(["a", "b", "a"]).need_pooled()
    assert found.shape == (3, WIDTH) and SHAPE.image.width == WIDTH
    assert torch.equal(found[0], found[2]) and not (found[0] == found[1]).any()
    assert torch.equal(found[1:2], SOURCE.images(["b"]).need_pooled())
    assert found.min() >= 0 and found.max() < 1
    (batch,) = SOURCE.train_images([["a"]], [7])
    assert torch.equal(batch.need_pooled(), found[:1])


def test_an_image_and_a_text_of_one_name_differ():
    assert not torch.equal(SOURCE.images(["a"]).need_pooled(), SOURCE.texts(["a"]).need_pooled())


def test_no_items_have_no_numbers():
    assert SOURCE.texts([]).need_pooled().shape == (0, WIDTH)


def test_what_reads_features_says_so():
    assert not Needs(image=levels(), text=levels()).features
    assert Needs().features and Needs(image=levels()).features and Needs(text=levels()).features
