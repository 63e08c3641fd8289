"""The folders of an index that a state of its images is searched by: written whole, and named by what is in them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
import torch
from pydantic import Field

from cir_bench.atomic import replacing_folder
from cir_bench.errors import DataError
from cir_bench.inference.gallery import Candidates
from cir_bench.interfaces.embedding import Embedding
from cir_bench.search.vectors.approximate import Approximate
from cir_bench.search.vectors.arrays import Layout, Read, map_candidates, write_arrays
from cir_bench.search.vectors.files import AGAIN, STATE, State, damaged, read_sealed, seal, write_sealed
from cir_bench.search.vectors.parts import Kind, PartRows, arranged

VECTORS, APPROXIMATE, PARTS = "vectors", "approximate", "parts"


class VectorsState(State):
    """Of ``vectors/<key>``."""

    layout: Layout


class PartsState(State):
    """Of ``approximate/<key>-<kind>``, which has the candidates of each part's entries (`PartRows`)."""

    parts: tuple[Annotated[str, Field(pattern="^(hnsw|ivf)-[0-9a-f]{24}$")], ...]


S = TypeVar("S", bound=State)


class Vectors:
    """The vectors of an index in ``root``, in the folder ``vectors/<key>``; the key is of the images and the model."""

    def __init__(self, root: Path, key: str) -> None:
        self.root, self.key = root, key
        self.folder, self._parts = root / VECTORS / key, root / PARTS

    @classmethod
    def of(cls, root: Path, mark: str, images: Iterable[tuple[str, str]]) -> Vectors:
        """Of a model's mark, and of images with the digests of their contents in order."""
        content = json.dumps([1, mark, list(images)])
        return cls(root, hashlib.blake2b(content.encode(), digest_size=12).hexdigest())

    def write(self, read: Read, blocks: Iterator[Embedding], count: int) -> None:
        """Write them, unless they are there; `OSError` if they cannot be written."""
        if _whole(self.folder, VectorsState):
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        with replacing_folder(self.folder) as temporary:
            layout = write_arrays(temporary, read, blocks, count)
            write_sealed(temporary / STATE, VectorsState(layout=layout, seals=seal(temporary.glob("*.npy"))))

    def candidates(
        self, weights: Mapping[str, float], reduce: Literal["max"] | None, device: torch.device
    ) -> Candidates:
        """The candidates, mapped; `DataError` if they are missing or damaged."""
        return map_candidates(self.folder, _checked(self.folder, VectorsState).layout, weights, reduce, device)

    def arrange(self, kind: Kind, progress: Callable[[int, int], None]) -> None:
        """Make faiss indexes of them, unless they are there; parts of earlier states are kept as far as they go.

        `OSError` if they cannot be written.
        """
        folder, known = self._approximate(kind), []
        if self._intact(kind):
            return
        shutil.rmtree(folder, ignore_errors=True)
        for path in sorted(self._parts.glob(f"{kind}-*")):
            if _whole(path, State):
                known.append(path.name)
            else:
                shutil.rmtree(path)
        matrix = np.load(self.folder / "0.npy", mmap_mode="r", allow_pickle=False)
        arranged_parts = arranged(self._parts, kind, np.asarray(matrix), known, progress)
        with replacing_folder(folder) as temporary:
            for place, part in enumerate(arranged_parts):
                np.save(temporary / f"{place}.starts.npy", part.starts)
                np.save(temporary / f"{place}.rows.npy", part.rows)
            names = tuple(part.name for part in arranged_parts)
            write_sealed(temporary / STATE, PartsState(parts=names, seals=seal(temporary.glob("*.npy"))))

    def approximate(self, kind: Kind, effort: int) -> Approximate:
        """The faiss indexes, opened; `DataError` if they are missing or damaged, `ConfigError` without faiss."""
        folder = self._approximate(kind)
        names = _checked(folder, PartsState).parts
        for name in names:
            _checked(self._parts / name, State)
        rows = [
            PartRows(name, *(np.load(folder / f"{place}.{one}.npy", allow_pickle=False) for one in ("starts", "rows")))
            for place, name in enumerate(names)
        ]
        return Approximate(self._parts, kind, rows, effort)

    def sweep(self, kind: Kind | None) -> None:
        """Remove what other states had."""
        kept = {self.folder}
        if kind is not None:
            folder = self._approximate(kind)
            kept |= {folder, *(self._parts / name for name in _checked(folder, PartsState).parts)}
        for parent in (self.folder.parent, self.root / APPROXIMATE, self._parts):
            for path in set(parent.glob("*")) - kept:
                shutil.rmtree(path, ignore_errors=True)

    def _approximate(self, kind: Kind) -> Path:
        return self.root / APPROXIMATE / f"{self.key}-{kind}"

    def _intact(self, kind: Kind) -> bool:
        folder = self._approximate(kind)
        return _whole(folder, PartsState) and all(
            _whole(self._parts / name, State) for name in _checked(folder, PartsState).parts
        )


def _whole(folder: Path, model: type[S]) -> bool:
    try:
        _checked(folder, model)
    except DataError:
        return False
    return True


def _checked(folder: Path, model: type[S]) -> S:
    state = read_sealed(folder / STATE, model)
    problem = "it is missing" if state is None else damaged(folder, state.seals)
    if state is None or problem:
        raise DataError(f"{folder} cannot be searched ({problem}); {AGAIN}.")
    return state
