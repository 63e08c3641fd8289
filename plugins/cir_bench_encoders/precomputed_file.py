"""Reading a file of precomputed features. Nothing in it is ever unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from cir_bench import DataError
from cir_bench.utils import parse_json
from cir_bench_encoders.precomputed_params import no_file, unreadable

MOST_PACKED = 200
"""How many times larger features may become when they are unpacked; those of padded tokens are mostly zeros."""
ROLES = {"image": "image_ids", "text": "texts"}


class Rows(Protocol):
    """An array of the file, read by rows."""

    def __getitem__(self, rows: slice) -> Any:
        """Rows of the array."""


class FeatureFile:
    """The arrays of one file and the rows of its images and texts.

    Attributes:
        row_of: row by image id (role ``image``) and by text (role ``text``).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise no_file(path)
        try:
            self._arrays, names, self.shapes = _open_npz(path) if path.suffix == ".npz" else _open_safetensors(path)
        except (OSError, EOFError, ValueError, SafetensorError, zipfile.BadZipFile) as error:
            raise unreadable(path, error) from error
        self.row_of = {role: self._index(role, names.get(key, [])) for role, key in ROLES.items()}
        self._check()

    def has(self, name: str) -> bool:
        """Whether the file has the array ``name``."""
        return name in self._arrays

    def rows(self, name: str, rows: Sequence[int]) -> Tensor:
        """Rows of one array, floats as float32."""
        array = self._arrays[name]
        tensor = torch.cat([torch.as_tensor(array[row : row + 1]) for row in rows])
        return tensor.float() if tensor.is_floating_point() else tensor

    def _index(self, role: str, names: Sequence[str]) -> dict[str, int]:
        index = {name: row for row, name in enumerate(names)}
        if len(index) != len(names):
            raise DataError(f"{self.path}: {ROLES[role]} lists a name twice; every {role} needs one row.")
        return index

    def _check(self) -> None:
        for role, key in ROLES.items():
            if f"{role}_pooled" not in self._arrays and f"{role}_tokens" not in self._arrays:
                raise DataError(
                    f"{self.path} has neither {role}_pooled nor {role}_tokens (it has {', '.join(self.shapes)})."
                )
            if (f"{role}_tokens" in self._arrays) != (f"{role}_mask" in self._arrays):
                raise DataError(f"{self.path}: {role}_tokens and {role}_mask come together; one is missing.")
            for name, shape in self.shapes.items():
                if name.startswith(f"{role}_") and name != key and shape[0] != len(self.row_of[role]):
                    count = len(self.row_of[role])
                    raise DataError(f"{self.path}: {name} has {shape[0]} rows, but {key} lists {count}.")


_Opened = tuple[Mapping[str, Any], Mapping[str, list[str]], dict[str, tuple[int, ...]]]


def _open_npz(path: Path) -> _Opened:
    with zipfile.ZipFile(path) as packed:
        unpacked = sum(entry.file_size for entry in packed.infolist())
    if unpacked > MOST_PACKED * path.stat().st_size + 2**20:
        raise ValueError(f"it unpacks to {unpacked / 1e9:.1f} GB, more than features do")
    with np.load(path, allow_pickle=False) as archive:
        loaded = {name: archive[name] for name in archive.files}
    names = {key: [str(name) for name in loaded.pop(key)] for key in ROLES.values() if key in loaded}
    return loaded, names, {name: array.shape for name, array in loaded.items()}


def _open_safetensors(path: Path) -> _Opened:
    file: Any = safe_open(path, framework="pt")
    arrays = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    metadata: Mapping[str, str] = file.metadata() or {}
    names: dict[str, list[str]] = {}
    for key in ROLES.values():
        listed = parse_json(metadata.get(key, "[]"))
        if not isinstance(listed, list):
            raise ValueError(f"its metadata {key} is not a JSON list")
        names[key] = [str(name) for name in listed]
    return arrays, names, {name: tuple(array.get_shape()) for name, array in arrays.items()}
