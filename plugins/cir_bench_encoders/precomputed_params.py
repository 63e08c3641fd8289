"""Parameters of the encoder ``precomputed``, and what its file provides by its header. Imports no torch."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from cir_bench import DataError, Params, Provides, levels
from cir_bench.utils import parse_json

MOST_HEADER = 100_000_000
"""Bytes of the header of a safetensors file; the format allows no more."""
Shapes = Mapping[str, tuple[int, ...]]
_DAMAGED = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AttributeError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error),  # an encrypted archive, a deeply nested header
)
"""What reading the header of a damaged file raises."""


class PrecomputedParams(Params):
    """``precomputed:PATH``."""

    argument: ClassVar[str | None] = "path"

    path: Path
    """A .safetensors or .npz file, as described in `cir_bench_encoders.precomputed`."""


def shapes_in(path: Path) -> Shapes:
    """Shapes of the arrays by name, from the file's header.

    Raises:
        DataError: there is no such file, or its header cannot be read.
    """
    if not path.is_file():
        raise no_file(path)
    try:
        return _npz_shapes(path) if path.suffix == ".npz" else _safetensors_shapes(path)
    except _DAMAGED as error:
        raise unreadable(path, error) from error


def no_file(path: Path) -> DataError:
    """The same sentence whether the header is read or the arrays."""
    return DataError(f"there is no file {path} with precomputed features; correct precomputed:PATH.")


def unreadable(path: Path, error: Exception) -> DataError:
    """The same sentence whether the header is read or the arrays."""
    why = str(error) or type(error).__name__
    return DataError(f"{path} cannot be read as .safetensors or .npz without pickled objects: {why}.")


def provides(params: Any) -> Provides:
    """The levels whose arrays are in the file."""
    shapes = shapes_in(params.path)
    given = {
        role: levels(*(level for level in ("pooled", "tokens") if f"{role}_{level}" in shapes))
        for role in ("image", "text")
    }
    maps = sum(name.startswith("image_map") for name in shapes)
    widths = {shapes[f"{role}_pooled"][-1:] for role in ("image", "text") if f"{role}_pooled" in shapes}
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
        size = path.stat().st_size
        try:
            if length > MOST_HEADER:
                raise ValueError("its header is too long")
            header = parse_json(file.read(min(length, size)))
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
            shapes = {name: tuple(map(int, entry["shape"])) for name, entry in entries.items()}
        except _DAMAGED as error:
            raise ValueError("its header is damaged") from error
    if 8 + length + end != size:
        raise ValueError(f"it has {size} bytes, but its header describes {8 + length + end}")
    return shapes


def _npz_shapes(path: Path) -> Shapes:
    from numpy.lib import format

    npy: Any = format  # without types before numpy 2.3
    shapes: dict[str, tuple[int, ...]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                version = npy.read_magic(file)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape = read(file)[0]
                shapes[name.removesuffix(".npy")] = tuple(math.trunc(size) for size in shape)
    return shapes
