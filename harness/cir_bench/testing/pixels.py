"""`assert_same_from_pixels`: features of decoded pixels are those of the images themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cir_bench.errors import ConfigError
from cir_bench.features.jpeg import TOLERANCE, feature_difference
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.levels import FeatureLevel


def assert_same_from_pixels(encoder: Encoder, images: Sequence[ImageRef], levels: frozenset[FeatureLevel]) -> None:
    """`Encoder.item_of_pixels`, where there is one, changes features by no more than a run would allow."""
    if type(encoder).item_of_pixels is Encoder.item_of_pixels:
        return
    decoded = [torch.from_numpy(np.array(image.open().convert("RGB"))).permute(2, 0, 1) for image in images]
    try:
        items = [encoder.item_of_pixels(pixels) for pixels in decoded]
    except ConfigError:  # not with these parameters
        return
    with torch.no_grad():
        own = encoder.encode_images([encoder.image_item(image) for image in images], levels)
        found = feature_difference(encoder.encode_images(items, levels), own)
    assert found <= TOLERANCE, f"features differ by {found:.3f} of the distance between two images"
