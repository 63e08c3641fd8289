"""`JointContract`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.testing.asserts import assert_same, assert_same_rows, assert_shaped
from cir_bench.testing.encoder import EncoderContract


class JointContract(EncoderContract):
    """The contract of an encoder that implements `Encoder.encode_pairs`, with all checks of `EncoderContract`."""

    def pairs(self) -> tuple[Sequence[ImageRef], Sequence[str]]:
        """Every image with every text."""
        images, texts = self.images(), self.texts
        return [image for image in images for _ in texts], [text for _ in images for text in texts]

    def encode_pairs(
        self, encoder: Encoder, images: Sequence[ImageRef], texts: Sequence[str], levels: frozenset[FeatureLevel]
    ) -> Features:
        """Joint features, without gradients."""
        with torch.no_grad():
            return encoder.encode_pairs([encoder.image_item(image) for image in images], list(texts), levels)

    def test_pairs_give_what_is_declared(self) -> None:
        """Every level of `Provides.joint` in the declared width, float32, finite, one row per pair; each by itself."""
        encoder, declared = self.encoder(), self.provides().joint
        assert declared, "its spec declares no joint features: Provides(joint=levels('pooled'))"
        assert FeatureLevel.MAPS not in declared, "joint features are pooled or tokens"
        images, texts = self.pairs()
        found = self.encode_pairs(encoder, images, texts, declared)
        assert found.levels >= declared, f"pairs have {sorted(found.levels)}"
        assert len(found) == len(texts), f"{len(texts)} pairs have {len(found)} rows"
        assert_shaped(found, encoder.shape.joint, "joint")
        for level in declared:
            alone = self.encode_pairs(encoder, images, texts, frozenset({level}))
            assert level in alone.levels, f"asked for {level} alone, pairs have {sorted(alone.levels)}"
            if level is FeatureLevel.POOLED:
                assert_same(alone.need_pooled(), found.need_pooled(), "pooled, alone")

    def test_a_pair_does_not_depend_on_its_batch(self) -> None:
        """A pair has the same features alone as among others."""
        encoder, declared = self.encoder(), self.provides().joint
        images, texts = self.pairs()
        rows = [
            self.encode_pairs(encoder, [image], [text], declared) for image, text in zip(images, texts, strict=True)
        ]
        assert_same_rows(self.encode_pairs(encoder, images, texts, declared), rows)

    def test_both_image_and_text_count(self) -> None:
        """Another image with the same text has other features, and so has another text with the same image."""
        encoder, declared = self.encoder(), self.provides().joint
        images, texts = self.images()[:2], self.texts[:2]
        both = self.encode_pairs(encoder, [images[0], images[1], images[0]], [texts[0], texts[0], texts[1]], declared)
        tensors = both.tensors()
        one = tensors.get("pooled", tensors.get("tokens"))
        assert one is not None
        assert not torch.allclose(one[0], one[1]), "the image makes no difference"
        assert not torch.allclose(one[0], one[2]), "the text makes no difference"
