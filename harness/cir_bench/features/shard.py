"""One shard: a safetensors file and its JSON manifest, written atomically, checked before use and memory-mapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import save

from cir_bench.atomic import replacing
from cir_bench.seals import check_json, seal_json

Array = npt.NDArray[Any]
Shard = Mapping[str, Array]
"""A checked shard: read-only memory maps ``[n, ...]`` by name."""
_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype(np.float32), "BOOL": np.dtype(np.bool_)}


class DamagedShardError(Exception):
    """A shard that cannot be used; the message says why."""


class Manifest(BaseModel):
    """Describes the safetensors file of the same name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[str, ...]
    """Content digests in row order."""
    shapes: dict[str, tuple[int, ...]]
    bytes: int
    sha256: str
    content_sha256: str = ""
    """Of the other fields (`cir_bench.seals`)."""


def write(path: Path, items: tuple[str, ...], arrays: Mapping[str, Array]) -> None:
    """Write the shard ``path`` (``….safetensors``), then its manifest; a shard without manifest is not used."""
    payload = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    manifest = Manifest(
        items=items,
        shapes={name: array.shape for name, array in arrays.items()},
        bytes=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
    )
    with replacing(path) as temporary:
        temporary.write_bytes(payload)
    with replacing(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(seal_json(manifest.model_dump_json())), encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """The manifest of the shard ``path``, after comparing the file's size, which finds truncated files cheaply."""
    try:
        content = path.with_suffix(".json").read_bytes()
        manifest = Manifest.model_validate_json(content)
        check_json(json.loads(content))
        size = path.stat().st_size
    except OSError as error:
        raise DamagedShardError(f"{error.filename or path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise DamagedShardError("its manifest is not valid") from error
    if size != manifest.bytes:
        raise DamagedShardError(f"it has {size} bytes instead of {manifest.bytes}")
    if any(not shape or shape[0] != len(manifest.items) for shape in manifest.shapes.values()):
        raise DamagedShardError("its rows are not as many as the items of its manifest")
    return manifest


def open_checked(path: Path, manifest: Manifest) -> Shard:
    """Map the shard after comparing its checksum with the manifest's, which reads all of it once."""
    try:
        with path.open("rb") as file:
            sha256 = hashlib.sha256()
            while block := file.read(1 << 20):
                sha256.update(block)
        if sha256.hexdigest() != manifest.sha256:
            raise DamagedShardError("its checksum differs from the manifest's")
        return _map(path, manifest)
    except OSError as error:
        raise DamagedShardError(f"it cannot be read ({error.strerror})") from error


def _map(path: Path, manifest: Manifest) -> Shard:
    """Memory maps of all tensors: safetensors is 8 bytes of header length, a JSON header, and the raw payload."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > manifest.bytes - 8:
            raise DamagedShardError("its header is longer than the file")
        try:
            header = json.loads(file.read(length))
            places = {name: _place(header[name]) for name in manifest.shapes}
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DamagedShardError("its header is not a safetensors header") from error
    arrays: dict[str, Array] = {}
    for name, (dtype, shape, start) in places.items():
        if shape != manifest.shapes[name]:
            raise DamagedShardError(f"{name} has the shape {shape} instead of {manifest.shapes[name]}")
        if 8 + length + start + dtype.itemsize * int(np.prod(shape)) > manifest.bytes:
            raise DamagedShardError(f"{name} reaches beyond the end of the file")
        empty = 0 in shape  # nothing to map
        arrays[name] = np.zeros(shape, dtype) if empty else np.memmap(path, dtype, "r", 8 + length + start, shape)
    return arrays


def _place(entry: dict[str, Any]) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    return _DTYPES[entry["dtype"]], tuple(entry["shape"]), int(entry["data_offsets"][0])
