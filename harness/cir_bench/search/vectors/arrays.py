"""The vectors of N candidates as files that are mapped into memory when they are searched."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from cir_bench.features.shard import Array
from cir_bench.inference.gallery import Candidates, UnitCandidates, side_by_side
from cir_bench.interfaces.embedding import Embedding
from cir_bench.records.models import RecordModel
from cir_bench.retrieval.scorer import RowSet

Role = Literal["matrix", "unit", "space", "extra"]


class ArrayFile(RecordModel):
    """An array ``[N, …]`` in the file ``<place>.npy``."""

    role: Role
    """``matrix``: the normalised vectors of all spaces side by side; ``unit``: those of one space; ``space``: as the
    composer gave them; ``extra``: of `Embedding.extras`."""
    name: str = ""
    """Of the space or the extra."""


class Layout(RecordModel):
    """The arrays of an index."""

    arrays: tuple[ArrayFile, ...] = ()
    widths: dict[str, int] = Field(default_factory=dict)
    """Of the spaces in the matrix, in their order."""


@dataclass(frozen=True)
class Read:
    """What a search reads: units if the method's score factorises, raw vectors if it does not, or refines queries."""

    units: bool
    raw: bool

    def arrays(self, embedding: Embedding) -> dict[ArrayFile, Tensor]:
        """Those of some candidates, in the order of their files."""
        found: dict[ArrayFile, Tensor] = {}
        if self.units:
            units = {name: F.normalize(one, dim=-1) for name, one in embedding.spaces.items()}
            if embedding.several:
                found |= {ArrayFile(role="unit", name=name): one for name, one in units.items()}
            else:
                found[ArrayFile(role="matrix")] = torch.cat(list(units.values()), dim=-1)
        if self.raw:
            found |= {ArrayFile(role="space", name=name): one for name, one in embedding.spaces.items()}
            found |= {ArrayFile(role="extra", name=name): one for name, one in embedding.extras.items()}
        return found


def write_arrays(folder: Path, read: Read, blocks: Iterator[Embedding], count: int) -> Layout:
    """Write the vectors of ``count`` candidates, block by block; `OSError` if they cannot be written."""
    layout = Layout()
    with ExitStack() as stack:
        files: list[BinaryIO] = []
        for block in blocks:
            arrays = read.arrays(block)
            if not files:
                several = block.several or not read.units
                widths = {} if several else {name: one.shape[1] for name, one in block.spaces.items()}
                layout = Layout(arrays=tuple(arrays), widths=widths)
                files = [stack.enter_context((folder / f"{place}.npy").open("wb")) for place in range(len(arrays))]
                for file, array in zip(files, arrays.values(), strict=True):
                    _write_header(file, array.numpy(), count)
            for file, array in zip(files, arrays.values(), strict=True):
                file.write(np.ascontiguousarray(array.numpy()).data)
    return layout


def _write_header(file: BinaryIO, block: Array, count: int) -> None:
    descr = np.lib.format.dtype_to_descr(block.dtype)
    header: dict[str, Any] = {"descr": descr, "fortran_order": False, "shape": (count, *block.shape[1:])}
    np.lib.format.write_array_header_1_0(file, header)


def map_candidates(
    folder: Path, layout: Layout, weights: Mapping[str, float], reduce: Literal["max"] | None, device: torch.device
) -> Candidates:
    """The candidates, without reading their files; on another device than the CPU, they are copied to it."""
    found: dict[Role, dict[str, Tensor]] = {"matrix": {}, "unit": {}, "space": {}, "extra": {}}
    for place, array in enumerate(layout.arrays):
        found[array.role][array.name] = mapped(folder / f"{place}.npy").to(device)
    raw = Embedding(found["space"], weights, found["extra"], reduce) if found["space"] else None
    matrix = found["matrix"].get("")
    if matrix is not None:
        return UnitCandidates(side_by_side(matrix, layout.widths), matrix, raw)
    if found["unit"]:
        return UnitCandidates(found["unit"], None, raw)
    assert raw is not None
    return _MappedCandidates(raw)


def mapped(path: Path) -> Tensor:
    """An array of a file, which must not be written to; pages that are not needed any more give way to others."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it is not writable
        return torch.from_numpy(array)


class _MappedCandidates(Candidates):
    """Candidates in mapped files: a composer's own score gets copies, which it may change."""

    def chunk(self, rows: RowSet) -> Embedding:
        """As of `Candidates`."""
        return self.embedding[torch.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows]
