"""What an encoder is asked for, checked: items of images, and features in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image

from cir_bench.arithmetic import full_precision
from cir_bench.errors import DataError, PluginError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import FeatureLevel


def read_item(encoder: Encoder, image: ImageRef, *, train: bool = False) -> Any:
    """``encoder.image_item``; an image that cannot be decoded is a `DataError` naming it."""
    try:
        return encoder.image_item(image, train=train)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # all three come out of Pillow
        raise DataError(
            f"image {image.id!r} of {image.dataset_name} cannot be decoded ({error}); "
            f"replace the file, or list all such images with `cir-bench data verify {image.dataset_name}`."
        ) from error


@contextmanager
def evaluating(encoder: Encoder) -> Iterator[None]:
    """The encoder in evaluation mode, without gradients and in full precision; its mode is restored afterwards."""
    training, device = encoder.training, encoder.device
    encoder.eval()
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False), full_precision(device):
            yield
    finally:
        encoder.train(training)


def checked(features: Features, expected: int, levels: frozenset[FeatureLevel], name: str) -> Features:
    """``features`` on the CPU in float32; PluginError when they are not what the interface promises."""
    if len(features) != expected or levels - features.levels:
        raise PluginError(
            f"encoder {name} returned {len(features)} items with {sorted(features.levels)} for {expected} items with "
            f"{sorted(levels)}; correct its encode_images or encode_texts."
        )
    stored = features.to("cpu", torch.float32)
    for part, tensor in stored.tensors().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise PluginError(f"encoder {name} returned {part} features that are not finite; check its weights.")
    return stored
