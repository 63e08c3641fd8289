"""Features of JPEG files through the harness's cache, next to the model's forward pass on pixels in memory."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

from cir_bench import Context, Encoder, FeatureLevel, FileDataset, ImageRef, Needs, Query, Triplet
from cir_bench.features.cache import FeatureCache
from cir_bench.features.jpeg import JpegDecoder
from cir_bench.features.request import IMAGE_BATCH, FeatureRequest
from cir_bench.features.sizes import FIXED, BatchSizes, GpuMemory
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import create
from cir_bench.runs.workbench import default_workers

POOLED = frozenset({FeatureLevel.POOLED})


class Photos(FileDataset):
    """Files by name."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def train(self) -> Sequence[Triplet]:
        return ()

    def queries(self, split: str) -> Sequence[Query]:
        return ()

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        return tuple(self._files)

    def file(self, image_id: str) -> Path:
        return self._files[image_id]


def photos(folder: Path, count: int, size: tuple[int, int]) -> list[ImageRef]:
    """JPEG files with smooth content, as photographs have."""
    rng = np.random.default_rng(0)
    files = {f"{number}.jpg": folder / f"{number}.jpg" for number in range(count)}
    for path in files.values():
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        small.resize(size, Image.Resampling.BICUBIC).save(path, quality=90)
    dataset = Photos(files)
    return [ImageRef("photos", dataset, name) for name in files]


def make(model: str, device: torch.device) -> Encoder:
    """With random weights, through a checkpoint: there is nothing to download."""
    registry = load_plugins(PluginOptions(third_party=False))
    registered = registry.encoder("openclip")
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, "random.safetensors")
        save_file(open_clip.create_model(model, pretrained=None).state_dict(), weights)
        params = make_params(registered.spec, {"model": model, "checkpoint": str(weights), "quick_gelu": False})
        encoder = create(registered, params, Context(data_root=None, cache_dir=Path(folder)))
    assert isinstance(encoder, Encoder)
    return encoder.to(device).eval()


def measure(model: str, images: list[ImageRef], device: torch.device) -> list[dict[str, Any]]:
    """A row with the default batch, one with what is found, and one with JPEG files decoded on the device, too.

    ``difference`` is the largest, in the norm of the features; ``of distance`` is what decides about the decoder.
    """
    encoder = make(model, device)
    batch = [encoder.image_item(image) for image in images[:IMAGE_BATCH]]
    repeats = max(1, len(images) // len(batch))
    with torch.no_grad():
        for timed in (False, True):
            begun = time.perf_counter()
            for _ in range(repeats if timed else 2):
                pooled = encoder.encode_images(batch, POOLED).need_pooled()
            pooled.cpu()
            plain = repeats * len(batch) / (time.perf_counter() - begun)
    sizes, decoder = BatchSizes(GpuMemory(device) if device.type == "cuda" else None), JpegDecoder(device)
    distance = decoder.difference(encoder, images, POOLED)
    rows: list[dict[str, Any]] = []
    first: torch.Tensor | None = None
    for how, found, by in (("", FIXED, None), ("found", sizes, None), ("found", sizes, decoder)):
        speed, pooled = extract(encoder, images, found, by)
        first = pooled if first is None else first
        largest = ((pooled - first).norm(dim=1) / first.norm(dim=1)).max().item()
        row = {"model": model, "batch": f"{found.used['image']} {how}", "decoder": by.name if by else "Pillow"}
        row |= {"images": len(images), "images/s": speed, "forward alone": plain, "share": speed / plain}
        rows.append(row | {"difference": f"{largest:.1e}", "of distance": f"{distance:.1e}" if by else None})
    return rows


def extract(
    encoder: Encoder, images: list[ImageRef], sizes: BatchSizes, decoder: JpegDecoder | None
) -> tuple[float, torch.Tensor]:
    """Images a second, and their features."""
    sizes.start()
    with tempfile.TemporaryDirectory() as cache:
        how = default_workers(), sizes, decoder
        request = FeatureRequest.of_images("openclip", encoder, images, Needs(image=POOLED), ("gpu", "all"), *how)
        begun = time.perf_counter()
        table = FeatureCache(Path(cache)).table(request)
        seconds = time.perf_counter() - begun
        return len(images) / seconds, table.rows([image.id for image in images]).need_pooled()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    models, count, size = (["RN50"], 8, (80, 60)) if args.quick else (["ViT-B-16", "ViT-L-14"], 4096, (640, 480))
    with tempfile.TemporaryDirectory() as folder:
        images = photos(Path(folder), count, size)
        print(json.dumps([row for model in models for row in measure(model, images, torch.device(args.device))]))


if __name__ == "__main__":
    main()
