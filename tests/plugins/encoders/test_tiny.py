"""The pixels that `tiny` reads, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import torch
from PIL import Image

from cir_bench import Context, NoParams
from cir_bench_encoders.tiny.encoder import Tiny


class Picture:
    """An image with these pixels."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def open(self) -> Image.Image:
        return Image.fromarray(self.pixels)


def test_an_item_is_the_image_s_bytes_by_channel(tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    item = Tiny(NoParams(), Context(data_root=None, cache_dir=tmp_path)).image_item(Picture(pixels))
    assert item.dtype == torch.uint8 and item.shape == (3, 48, 48)
    assert (item[:, 5, 7].numpy() == pixels[5, 7]).all()
    assert (item.permute(1, 2, 0).numpy() == pixels).all()


def test_importing_it_imports_no_torchvision() -> None:
    code = "import sys, cir_bench_encoders.tiny.encoder; print({'torchvision', 'torch._dynamo'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
