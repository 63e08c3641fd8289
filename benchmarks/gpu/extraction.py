"""Features of JPEG files through the harness's cache, next to the model's forward pass on pixels in memory."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

from cir_bench import Context, Encoder, FeatureLevel, ImageRef, Needs
from cir_bench.features.cache import FeatureCache
from cir_bench.features.request import IMAGE_BATCH, FeatureRequest
from cir_bench.features.sizes import FIXED, BatchSizes, GpuMemory
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import create
from cir_bench.runs.workbench import default_workers
from cir_bench.search.pictures import Pictures

POOLED = frozenset({FeatureLevel.POOLED})


def photos(folder: Path, count: int, size: tuple[int, int]) -> list[ImageRef]:
    """JPEG files with smooth content, as photographs have."""
    rng = np.random.default_rng(0)
    files = {f"{number}.jpg": folder / f"{number}.jpg" for number in range(count)}
    for path in files.values():
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        small.resize(size, Image.Resampling.BICUBIC).save(path, quality=90)
    pictures = Pictures(files)
    return [pictures.ref(name) for name in files]


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
    """A row with the default batch, and one with what is found; ``difference`` is the largest, relative to the norm."""
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
    gpu = GpuMemory(device) if device.type == "cuda" else None
    rows, first = [], None
    for sizes in (FIXED, BatchSizes(gpu)):
        speed, pooled = extract(encoder, images, sizes)
        first = pooled if first is None else first
        difference = ((pooled - first).norm(dim=1) / first.norm(dim=1)).max().item()
        row = {"model": model, "images": len(images), "batch": sizes.used["image"], "images/s": speed}
        rows.append(row | {"forward alone": plain, "share": speed / plain, "difference": f"{difference:.1e}"})
    return rows


def extract(encoder: Encoder, images: list[ImageRef], sizes: BatchSizes) -> tuple[float, torch.Tensor]:
    """Images a second, and their features."""
    sizes.start()
    with tempfile.TemporaryDirectory() as cache:
        request = FeatureRequest.of_images(
            "openclip", encoder, images, Needs(image=POOLED), ("gpu", "all"), default_workers(), sizes
        )
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
