"""`EncoderContract`."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from cir_bench.errors import ConfigError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder, TrainCorpus
from cir_bench.interfaces.features import Features, FeatureShape
from cir_bench.interfaces.levels import FeatureLevel, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context, EncoderSpec
from cir_bench.plugin.registry import create
from cir_bench.testing.base import Contract, assert_finite, assert_same, seeded
from cir_bench.testing.pictures import DATASET, Pictures

TEXTS = ("is red", "is blue and has much longer sleeves than the other one", "", "shorter")


class EncoderContract(Contract):
    """The contract of an encoder: set ``name`` and, as a rule, ``params`` that make it small.

    Override :meth:`prepare` to write the files that it reads (weights, captions, features) and :meth:`parameters` when
    they depend on where these are; override :meth:`images` for an encoder of particular images.
    """

    argument: ClassVar[str | None] = None
    """ARGUMENT of ``name:ARGUMENT``."""
    texts: ClassVar[tuple[str, ...]] = TEXTS
    """Texts of different lengths, one of them empty."""

    def prepare(self, data_root: Path) -> None:
        """Write the files that the encoder reads; the default needs none."""

    def parameters(self, data_root: Path) -> Mapping[str, Any]:
        """The encoder's parameters."""
        return self.params

    def images(self) -> Sequence[ImageRef]:
        """At least three different images; by default small pictures of different sizes."""
        pictures = Pictures()
        return [ImageRef(DATASET, pictures, name) for name in pictures.names]

    def corpus(self) -> TrainCorpus:
        """The texts that it is fitted on."""
        return TrainCorpus(tuple(sorted({*self.texts, "has a longer red sleeve"} - {""})))

    def encoder(self, data_root: Path, *, fit: bool = True) -> Encoder:
        """``Class(params, context)`` by name, fitted, in evaluation mode."""
        registered = self.find(EncoderSpec)
        context = Context(data_root=data_root, cache_dir=data_root / ".cache", dataset=DATASET, seed=3)
        params = make_params(registered.spec, self.parameters(data_root), self.argument)
        with seeded(3):
            encoder: Encoder = create(registered, params, context)
            if fit:
                encoder.fit(self.corpus())
        return encoder.eval()

    def provides(self, data_root: Path) -> Provides:
        """What the spec declares under these parameters."""
        spec = self.find(EncoderSpec).spec
        return spec.provides_for(make_params(spec, self.parameters(data_root), self.argument))

    @pytest.fixture
    def data_root(self, tmp_path: Path) -> Path:
        """A folder with the prepared files."""
        self.prepare(tmp_path)
        return tmp_path

    def encode_images(self, encoder: Encoder, images: Sequence[ImageRef], levels: frozenset[FeatureLevel]) -> Features:
        """Features of images, without gradients."""
        with torch.no_grad():
            return encoder.encode_images([encoder.image_item(image) for image in images], levels)

    def encode_texts(self, encoder: Encoder, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of texts, without gradients."""
        with torch.no_grad():
            return encoder.encode_texts(list(texts), levels)

    def test_it_gives_what_it_declares(self, data_root: Path) -> None:
        """Every declared level is there when asked for, in the declared widths, float32, finite, one row per item."""
        encoder, provides = self.encoder(data_root), self.provides(data_root)
        image = self.encode_images(encoder, self.images(), provides.image)
        text = self.encode_texts(encoder, self.texts, provides.text)
        assert image.levels >= provides.image, f"images have {sorted(image.levels)}"
        assert text.levels >= provides.text, f"texts have {sorted(text.levels)}"
        assert (len(image), len(text)) == (len(self.images()), len(self.texts))
        _check_widths(image, encoder.shape.image, "image")
        _check_widths(text, encoder.shape.text, "text")
        assert len(encoder.shape.image.maps) >= provides.map_levels
        if provides.same_width:
            assert encoder.shape.image.pooled == encoder.shape.text.pooled, "same_width is declared"

    def test_a_single_level_can_be_asked_for(self, data_root: Path) -> None:
        """Asked for one level, it gives that level with the same values as among all."""
        encoder, provides = self.encoder(data_root), self.provides(data_root)
        image = self.encode_images(encoder, self.images(), provides.image)
        for level in provides.image:
            _check_level(level, self.encode_images(encoder, self.images(), frozenset({level})), image)
        text = self.encode_texts(encoder, self.texts, provides.text)
        for level in provides.text:
            _check_level(level, self.encode_texts(encoder, self.texts, frozenset({level})), text)

    def test_a_row_does_not_depend_on_its_batch(self, data_root: Path) -> None:
        """An item alone has the features that it has among others; padding to a longer text changes nothing."""
        encoder, provides = self.encoder(data_root), self.provides(data_root)
        images = self.images()
        _check_rows(
            self.encode_images(encoder, images, provides.image),
            [self.encode_images(encoder, [image], provides.image) for image in images],
        )
        _check_rows(
            self.encode_texts(encoder, self.texts, provides.text),
            [self.encode_texts(encoder, [text], provides.text) for text in self.texts],
        )

    def test_items_are_made_in_worker_processes(self, data_root: Path) -> None:
        """An item can be sent between processes; without augmentation it is the same in training."""
        encoder, provides = self.encoder(data_root), self.provides(data_root)
        image = self.images()[0]
        items = [pickle.loads(pickle.dumps(encoder.image_item(image))), encoder.image_item(image)]  # noqa: S301 (ours)
        if not encoder.augments:
            items.append(encoder.image_item(image, train=True))
        with torch.no_grad():
            rows = encoder.encode_images(items, provides.image).tensors()
        for name, tensor in rows.items():
            for row in tensor[1:]:
                assert_same(row, tensor[0], name)

    def test_different_items_have_different_features(self, data_root: Path) -> None:
        """Images that look different, and texts that read different, are not one vector."""
        encoder, provides = self.encoder(data_root), self.provides(data_root)
        image = self.encode_images(encoder, self.images(), provides.image)
        text = self.encode_texts(encoder, self.texts[:2], provides.text)
        for features in (image, text):
            for name, tensor in features.tensors().items():
                if name != "mask":
                    assert not torch.allclose(tensor[0], tensor[1], rtol=0, atol=1e-6), f"{name} is the same for both"

    def test_it_is_known_by_version_preprocess_and_weights(self, data_root: Path) -> None:
        """The feature cache's key: stable over instances, and another one when a weight changes."""
        encoder, again = self.encoder(data_root), self.encoder(data_root)
        assert isinstance(encoder.version, str)
        assert encoder.version
        assert isinstance(encoder.preprocess, str)
        assert (encoder.preprocess, encoder.weights_digest()) == (again.preprocess, again.weights_digest())
        parameters = list(again.parameters())
        if parameters:
            with torch.no_grad():
                parameters[0].view(-1)[0] += 1.0
            assert again.weights_digest() != encoder.weights_digest(), "a changed weight has the same digest"

    def test_an_images_digest_is_that_of_what_is_read(self, data_root: Path) -> None:
        """Stable, and different for different images."""
        encoder, again = self.encoder(data_root), self.encoder(data_root)
        digests = [encoder.image_digest(image) for image in self.images()]
        assert digests == [again.image_digest(image) for image in self.images()]
        assert len(set(digests)) == len(digests)

    def test_it_says_which_images_it_has(self, data_root: Path) -> None:
        """The images of the test are there; one that does not exist is not."""
        encoder = self.encoder(data_root)
        images = self.images()
        assert all(encoder.has(image) for image in images)
        assert not encoder.has(ImageRef(images[0].dataset_name, images[0].dataset, "no-such-image"))

    def test_its_state_is_all_in_the_checkpoint(self, data_root: Path) -> None:
        """State dict and extra state (as JSON) bring it back without fitting again."""
        first, second = self.encoder(data_root), self.encoder(data_root, fit=False)
        second.load_extra_state(json.loads(json.dumps(dict(first.extra_state()))))
        second.load_state_dict(first.state_dict())
        assert second.weights_digest() == first.weights_digest()
        assert second.shape == first.shape
        provides = self.provides(data_root)
        expected = self.encode_texts(first, self.texts, provides.text).tensors()
        for name, tensor in self.encode_texts(second.eval(), self.texts, provides.text).tensors().items():
            assert_same(tensor, expected[name], f"text {name}")

    def test_it_can_be_trained_if_it_says_so(self, data_root: Path) -> None:
        """Gradients flow from images and texts; every trainable parameter is in exactly one group."""
        encoder, provides = self.encoder(data_root).train(), self.provides(data_root)
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
            values = [tensor.sum() for name, tensor in features.tensors().items() if name != "mask"]
            torch.autograd.backward(torch.stack(values).sum())
            reached = [p for p in encoder.parameters() if p.grad is not None and bool(p.grad.abs().sum() > 0)]
            assert reached, f"no gradient comes from the {role} features"

    def test_gradient_checkpointing_is_less_memory_and_the_same_numbers(self, data_root: Path) -> None:
        """Unless it is refused: fewer bytes wait for the backward pass; gradients and state after it are the same."""
        provides = self.provides(data_root)
        plain, saving = self.encoder(data_root).train(), self.encoder(data_root).train()
        if not provides.trainable:
            return
        try:
            saving.set_gradient_checkpointing(True)
        except ConfigError:
            return
        waiting, fewer = self.train_step(plain, provides), self.train_step(saving, provides)
        assert fewer < waiting, (
            f"{fewer} bytes wait for the backward pass with gradient checkpointing, {waiting} without"
        )
        for (name, expected), found in zip(plain.named_parameters(), saving.parameters(), strict=True):
            assert (expected.grad is None) == (found.grad is None), f"only one has a gradient of {name}"
            if expected.grad is not None and found.grad is not None:
                assert_same(found.grad, expected.grad, f"gradient of {name}")
        state = saving.state_dict()
        assert set(state) == set(plain.state_dict()), "the state has other names"
        for name, tensor in plain.state_dict().items():
            assert_same(state[name], tensor, f"{name} after a step")
        saving.set_gradient_checkpointing(False)
        assert self.train_step(saving, provides) == waiting, "switched off, it still saves"

    def train_step(self, encoder: Encoder, provides: Provides) -> int:
        """Forward and backward pass; the bytes that autograd kept between the two."""
        kept = []

        def keep(tensor: Tensor) -> Tensor:
            kept.append(tensor.nbytes)
            return tensor

        items = [encoder.image_item(image) for image in self.images()]
        with seeded(5), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            image = encoder.encode_images(items, provides.image).tensors()
            text = encoder.encode_texts(list(self.texts), provides.text).tensors()
            values = [value.sin().sum() for role in (image, text) for name, value in role.items() if name != "mask"]
        torch.autograd.backward(torch.stack(values).sum())
        return sum(kept)


def _check_widths(features: Features, shape: FeatureShape, role: str) -> None:
    assert_finite({name: tensor for name, tensor in features.tensors().items() if name != "mask"}, role)
    if features.pooled is not None:
        assert features.pooled.shape[1:] == (shape.pooled,), f"{role}: pooled {tuple(features.pooled.shape)}"
        assert features.pooled.dtype == torch.float32
    if features.tokens is not None and features.mask is not None:
        assert features.tokens.shape[2:] == (shape.tokens,), f"{role}: tokens {tuple(features.tokens.shape)}"
        assert features.mask.dtype == torch.bool, f"{role}: the mask is {features.mask.dtype}"
    if features.maps:
        sizes = tuple(tuple(one.shape[1:]) for one in features.maps)
        assert sizes == shape.maps, f"{role}: maps {sizes}"


def _check_level(level: FeatureLevel, alone: Features, together: Features) -> None:
    assert level in alone.levels, f"{level} was asked for alone and is not there"
    _check_rows(together, [alone[i : i + 1] for i in range(len(alone))])


def _check_rows(together: Features, alone: Sequence[Features]) -> None:
    for i, one in enumerate(alone):
        for name, tensor in one.tensors().items():
            row = together.tensors()[name][i]
            if name == "tokens" and one.mask is not None and together.mask is not None:
                assert_same(row[together.mask[i]], tensor[0][one.mask[0]], f"tokens of item {i}")
            elif name != "mask":
                assert_same(row, tensor[0], f"{name} of item {i}")
