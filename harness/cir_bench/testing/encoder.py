"""`EncoderContract`."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder, TrainCorpus
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import FeatureLevel, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context, EncoderSpec
from cir_bench.plugin.needs import provides_of
from cir_bench.plugin.registry import create
from cir_bench.testing.asserts import assert_same, assert_same_rows, assert_same_tensors, assert_shaped
from cir_bench.testing.base import FilesContract, seeded
from cir_bench.testing.pictures import DATASET, Pictures
from cir_bench.testing.pixels import assert_same_from_pixels

LONG = 300
"""How often a text is repeated to be longer than most encoders read."""
TEXTS = ("is red", "is blue and has much longer sleeves than the other one", "", "shorter")


class EncoderContract(FilesContract):
    """The contract of an encoder: set ``name`` and, as a rule, ``params`` that make it small.

    Override :meth:`prepare` to write the files that it reads (weights, captions, features), :meth:`parameters` when
    they depend on ``self.data_root``, and :meth:`images` for an encoder of particular images.
    """

    argument: ClassVar[str | None] = None
    """ARGUMENT of ``name:ARGUMENT``."""
    texts: ClassVar[tuple[str, ...]] = TEXTS
    """Texts of different lengths, one of them empty."""

    def images(self) -> Sequence[ImageRef]:
        """At least three different images; by default small pictures of different sizes."""
        pictures = Pictures()
        return [ImageRef(DATASET, pictures, name) for name in pictures.names]

    def corpus(self) -> TrainCorpus:
        """The texts that it is fitted on."""
        return TrainCorpus(tuple(sorted({*self.texts, "has a longer red sleeve"} - {""})))

    def encoder(self, *, fit: bool = True) -> Encoder:
        """``Class(params, context)`` by name, fitted, in evaluation mode."""
        registered = self.find(EncoderSpec)
        context = Context(data_root=self.data_root, cache_dir=self.data_root / ".cache", dataset=DATASET, seed=3)
        params = make_params(registered.spec, self.parameters(), self.argument)
        with seeded(3):
            encoder: Encoder = create(registered, params, context)
            if fit:
                encoder.fit(self.corpus())
        return encoder.eval()

    def provides(self) -> Provides:
        """What the spec declares under these parameters."""
        registered = self.find(EncoderSpec)
        return provides_of(registered, make_params(registered.spec, self.parameters(), self.argument))

    def encode_images(self, encoder: Encoder, images: Sequence[ImageRef], levels: frozenset[FeatureLevel]) -> Features:
        """Features of images, without gradients."""
        with torch.no_grad():
            return encoder.encode_images([encoder.image_item(image) for image in images], levels)

    def encode_texts(self, encoder: Encoder, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of texts, without gradients."""
        with torch.no_grad():
            return encoder.encode_texts(list(texts), levels)

    def every_feature(self, encoder: Encoder) -> tuple[Features, Features]:
        """Features of all images and of all texts, in every declared level."""
        provides = self.provides()
        images = self.encode_images(encoder, self.images(), provides.image)
        return images, self.encode_texts(encoder, self.texts, provides.text)

    def test_it_gives_what_it_declares(self) -> None:
        """Asked for every declared level: all of them, in the declared widths, float32, finite, one row per item."""
        encoder, provides = self.encoder(), self.provides()
        image, text = self.every_feature(encoder)
        assert image.levels >= provides.image, f"images have {sorted(image.levels)}"
        assert text.levels >= provides.text, f"texts have {sorted(text.levels)}"
        assert (len(image), len(text)) == (len(self.images()), len(self.texts))
        assert_shaped(image, encoder.shape.image, "image")
        assert_shaped(text, encoder.shape.text, "text")
        assert len(encoder.shape.image.maps) >= provides.map_levels
        if provides.same_width:
            assert encoder.shape.image.pooled == encoder.shape.text.pooled, "same_width is declared"

    def test_a_single_level_can_be_asked_for(self) -> None:
        """Asked for one level, it gives that level, with the same values as when asked for all."""
        encoder, provides = self.encoder(), self.provides()
        image, text = self.every_feature(encoder)
        for level in provides.image:
            _check_level(level, self.encode_images(encoder, self.images(), frozenset({level})), image)
        for level in provides.text:
            _check_level(level, self.encode_texts(encoder, self.texts, frozenset({level})), text)

    def test_a_row_does_not_depend_on_its_batch(self) -> None:
        """An item has the same features alone as among others; padding to a longer text changes nothing."""
        encoder, provides = self.encoder(), self.provides()
        image, text = self.every_feature(encoder)
        assert_same_rows(image, [self.encode_images(encoder, [one], provides.image) for one in self.images()])
        assert_same_rows(text, [self.encode_texts(encoder, [one], provides.text) for one in self.texts])

    def test_items_are_made_in_worker_processes(self) -> None:
        """An item can be sent between processes; without augmentation it is the same in training."""
        encoder = self.encoder()
        image = self.images()[0]
        items = [pickle.loads(pickle.dumps(encoder.image_item(image))), encoder.image_item(image)]  # noqa: S301 (ours)
        if not encoder.augments:
            items.append(encoder.image_item(image, train=True))
        with torch.no_grad():
            rows = encoder.encode_images(items, self.provides().image).tensors()
        for name, tensor in rows.items():
            for row in tensor[1:]:
                assert_same(row, tensor[0], name)

    def test_items_of_decoded_pixels_are_those_of_images(self) -> None:
        """`Encoder.item_of_pixels`, where there is one: the same features, but for the rounding of resizing."""
        assert_same_from_pixels(self.encoder(), self.images(), self.provides().image)

    def test_different_items_have_different_features(self) -> None:
        """Two images that look different, and two texts that read different, get different vectors."""
        for features in self.every_feature(self.encoder()):
            for name, tensor in features.tensors().items():
                if name != "mask":
                    assert not torch.allclose(tensor[0], tensor[1], rtol=0, atol=1e-6), f"{name} is the same for both"

    def test_it_names_the_texts_that_it_cuts(self) -> None:
        """Two long texts that differ at their end have different features, or `cut_texts` names them."""
        encoder = self.encoder()
        long = [" ".join([self.texts[0]] * LONG + [end]) for end in self.texts[:2]]
        assert not encoder.cut_texts([""]), "an empty text is called too long"
        try:
            pooled = self.encode_texts(encoder, long, self.provides().text).tensors()
        except DataError:  # it knows the texts of the test alone
            return
        if all(torch.equal(tensor[0], tensor[1]) for tensor in pooled.values()):
            assert list(encoder.cut_texts(long)) == long, "texts that are too long are cut silently"

    def test_it_is_identified_by_version_preprocess_and_weights(self) -> None:
        """The feature cache's key is the same for every instance, and changes with a weight."""
        encoder, again = self.encoder(), self.encoder()
        assert isinstance(encoder.version, str)
        assert encoder.version
        assert isinstance(encoder.preprocess, str)
        assert (encoder.preprocess, encoder.weights_digest()) == (again.preprocess, again.weights_digest())
        parameters = list(again.parameters())
        if parameters:
            with torch.no_grad():
                parameters[0].view(-1)[0] += 1.0
            assert again.weights_digest() != encoder.weights_digest(), "a changed weight has the same digest"

    def test_an_images_digest_is_that_of_its_content(self) -> None:
        """The same for every instance, and different for different images."""
        encoder, again = self.encoder(), self.encoder()
        digests = [encoder.image_digest(image) for image in self.images()]
        assert digests == [again.image_digest(image) for image in self.images()]
        assert len(set(digests)) == len(digests)

    def test_it_says_which_images_it_has(self) -> None:
        """It has the images of the test, and not one that does not exist."""
        encoder = self.encoder()
        images = self.images()
        assert all(encoder.has(image) for image in images)
        assert not encoder.has(ImageRef(images[0].dataset_name, images[0].dataset, "no-such-image"))

    def test_its_state_is_all_in_the_checkpoint(self) -> None:
        """State dict and extra state (as JSON) bring it back without fitting again."""
        first, second = self.encoder(), self.encoder(fit=False)
        second.load_extra_state(json.loads(json.dumps(dict(first.extra_state()))))
        second.load_state_dict(first.state_dict())
        assert second.weights_digest() == first.weights_digest()
        assert second.shape == first.shape
        levels = self.provides().text
        expected = self.encode_texts(first, self.texts, levels)
        assert_same_tensors(self.encode_texts(second.eval(), self.texts, levels).tensors(), expected.tensors(), "text ")

    def test_it_can_be_trained_if_it_says_so(self) -> None:
        """Gradients flow from images and texts; every trainable parameter is in exactly one group."""
        encoder, provides = self.encoder().train(), self.provides()
        grouped = [id(p) for group in encoder.parameter_groups().values() for p in group if p.requires_grad]
        trainable = {id(p) for p in encoder.parameters() if p.requires_grad}
        assert len(set(grouped)) == len(grouped), "a parameter is in two groups"
        if not provides.trainable:
            return
        assert not trainable - set(grouped), "a trainable parameter is in no group"
        assert not set(grouped) - trainable, "a parameter is grouped that is not the encoder's"
        items = [encoder.image_item(image, train=True) for image in self.images()]
        image = encoder.encode_images(items, provides.image)
        text = encoder.encode_texts(list(self.texts), provides.text)
        for role, features in (("image", image), ("text", text)):
            encoder.zero_grad()
            torch.autograd.backward(_total(features, torch.sum))
            reached = [p for p in encoder.parameters() if p.grad is not None and bool(p.grad.abs().sum() > 0)]
            assert reached, f"no gradient comes from the {role} features"

    def test_gradient_checkpointing_saves_memory_and_changes_no_number(self) -> None:
        """Unless refused: autograd keeps fewer bytes for the backward pass; gradients and state stay the same."""
        plain, saving = self.encoder().train(), self.encoder().train()
        if not self.provides().trainable:
            return
        try:
            saving.set_gradient_checkpointing(True)
        except ConfigError:
            return
        kept, fewer = self.train_step(plain), self.train_step(saving)
        assert fewer < kept, f"autograd keeps {fewer} bytes with gradient checkpointing, {kept} without"
        for (name, expected), found in zip(plain.named_parameters(), saving.parameters(), strict=True):
            assert (expected.grad is None) == (found.grad is None), f"only one has a gradient of {name}"
            if expected.grad is not None and found.grad is not None:
                assert_same(found.grad, expected.grad, f"gradient of {name}")
        assert_same_tensors(saving.state_dict(), plain.state_dict(), "after a step, ")
        saving.set_gradient_checkpointing(False)
        assert self.train_step(saving) == kept, "switched off, it still saves memory"

    def train_step(self, encoder: Encoder) -> int:
        """Forward and backward pass; returns the bytes that autograd kept between the two."""
        kept = []

        def keep(tensor: Tensor) -> Tensor:
            kept.append(tensor.nbytes)
            return tensor

        items, provides = [encoder.image_item(image) for image in self.images()], self.provides()
        with seeded(5), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            image = encoder.encode_images(items, provides.image)
            text = encoder.encode_texts(list(self.texts), provides.text)
            totals = [_total(features, lambda tensor: tensor.sin().sum()) for features in (image, text)]
        torch.autograd.backward(totals)
        return sum(kept)


def _total(features: Features, value: Callable[[Tensor], Tensor]) -> Tensor:
    values = [value(tensor) for name, tensor in features.tensors().items() if name != "mask"]
    return torch.stack(values).sum()


def _check_level(level: FeatureLevel, alone: Features, together: Features) -> None:
    assert level in alone.levels, f"{level} was asked for alone and is missing"
    assert_same_rows(together, [alone[i : i + 1] for i in range(len(alone))])
