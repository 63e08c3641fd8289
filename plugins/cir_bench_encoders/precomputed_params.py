"""Parameters of the encoder ``precomputed``, and what its file provides by its header. Imports no torch."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from cir_bench import Params, Provides, levels

Shapes = Mapping[str, tuple[int, ...]]


class PrecomputedParams(Params):
    """``precomputed:PATH``."""

    argument: ClassVar[str | None] = "path"

    path: Path
    """A .safetensors or .npz file, as described in `cir_bench_encoders.precomputed`."""


def shapes_in(path: Path) -> Shapes:
    """Shapes of the arrays by name, from the file's header; empty when it cannot be read (the encoder says why)."""
    try:
        return _npz_shapes(path) if path.suffix == ".npz" else _safetensors_shapes(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return {}


def provides(params: Any) -> Provides:
    """The levels whose arrays are in the file."""
    shapes = shapes_in(params.path)
    given = {
        role: levels(*(level for level in ("pooled", "tokens") if f"{role}_{level}" in shapes))
        for role in ("image", "text")
    }
    maps = sum(name.startswith("image_map") for name in shapes)
    widths = {shapes[f"{role}_pooled"][-1] for role in ("image", "text") if f"{role}_pooled" in shapes}
    return Provides(
        image=given["image"] | levels("maps") if maps else given["image"],
        text=given["text"],
        map_levels=maps,
        same_width=len(widths) == 1,
        trainable=False,
    )


def _safetensors_shapes(path: Path) -> Shapes:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(min(length, path.stat().st_size)))
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def _npz_shapes(path: Path) -> Shapes:
    from numpy.lib import format as npy

    shapes: dict[str, tuple[int, ...]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                version = npy.read_magic(file)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape = read(file)[0]
                shapes[name.removesuffix(".npy")] = tuple(math.trunc(size) for size in shape)
    return shapes
