"""`TinyJoint`: `tiny`, and a network that reads an image and a text together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from cir_bench import Context, EncoderShape, FeatureLevel, Features, FeatureShape, NoParams
from cir_bench_encoders.tiny.encoder import Tiny
from cir_bench_joint.network import WIDTH, load_network

POOLED = frozenset({FeatureLevel.POOLED})


class TinyJoint(Tiny):
    """Images and texts as `Tiny` reads them, and joint features of a pair.

    The network was trained on the triplets of css's train split (`cir_bench_joint.train`) and saw the targets there,
    never one of the test split.

    Joint levels:
        pooled: ``[B, 128]``, in the space of the pooled image features.
        tokens: ``[B, 2, 128]``: what is kept of the image, and what the text adds; pooled is their sum.
    """

    version = "1"

    def __init__(self, params: NoParams, context: Context) -> None:
        super().__init__(params, context)
        self.joint = load_network()
        self.shape = EncoderShape(self.shape.image, self.shape.text, FeatureShape(pooled=WIDTH, tokens=WIDTH))

    def encode_pairs(self, items: Sequence[Any], texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Joint features of B images ``[3, 48, 48]`` uint8, each with its text."""
        image = self.encode_images(items, POOLED).need_pooled()
        pooled, tokens = self.joint(image, self.encode_texts(texts, POOLED).need_pooled())
        if FeatureLevel.TOKENS not in levels:
            return Features(pooled)
        return Features(pooled, tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device))
