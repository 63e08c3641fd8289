"""Decoded images are resized and cropped on a device as open_clip's transforms do it with Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from cir_bench import ConfigError
from cir_bench_encoders.openclip_image import ClipPreprocess
from cir_bench_encoders.openclip_params import OpenClipParams

SETTINGS = {"size": 32, "interpolation": "bicubic", "resize_mode": "shortest"}


def prepare(settings: dict[str, object], **params: object) -> ClipPreprocess:
    return ClipPreprocess(settings, OpenClipParams(model="RN50", **params), quick_gelu=False)


@pytest.mark.parametrize("size", [(120, 40), (40, 120), (20, 24)], ids=["wide", "high", "small"])
@pytest.mark.parametrize("params", [{}, {"preprocess": "target-pad"}], ids=["plain", "padded"])
def test_an_item_is_that_of_the_file_up_to_rounding(size, params) -> None:
    few = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = Image.fromarray(few).resize(size, Image.Resampling.BICUBIC)
    prepared = prepare(SETTINGS, **params)
    ours, expected = prepared.of_pixels(pil_to_tensor(image)), prepared(image)
    assert ours.dtype == expected.dtype and ours.shape == expected.shape == (3, 32, 32)
    assert (ours.int() - expected.int()).abs().max() <= 4


def test_a_model_with_a_way_of_its_own_says_so() -> None:
    prepared = prepare(SETTINGS | {"resize_mode": "longest"})
    with pytest.raises(ConfigError, match="ResizeKeepRatio takes images of Pillow"):
        prepared.of_pixels(pil_to_tensor(Image.new("RGB", (40, 30))))
