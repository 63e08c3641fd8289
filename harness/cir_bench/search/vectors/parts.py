"""The faiss indexes of an index: each is built once, and images that are added later get one of their own.

A part has an entry for each of its vectors, known by a digest; equal vectors have one. When images are added, small
parts are built again together with the new entries, so that there are few of them.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cir_bench.atomic import replacing_folder
from cir_bench.errors import ConfigError
from cir_bench.retrieval.chunks import spans
from cir_bench.retrieval.queries import offsets_of
from cir_bench.search.vectors.files import STATE, State, seal, write_sealed

Kind = Literal["hnsw", "ivf"]
INDEX, ENTRIES = "part.faiss", "entries.npy"
MOST = 2**20
"""Most entries of a part of ``ivf``, whose vectors are in memory while it is built."""
LINKS, CONSTRUCTION = 32, 80
"""Of ``hnsw``: links of an entry, and how many entries are looked at for them."""
SAMPLE = 64
"""Vectors for each list by which ``ivf`` learns its lists; faiss asks for 39 at least."""
AT_ONCE = 4096
Matrix = NDArray[np.float32]
Keys = NDArray[np.bytes_]
"""``[n]`` digests of vectors, 16 bytes each."""


def faiss() -> Any:
    """The module; `ConfigError` with the extra that has it."""
    try:
        import faiss as module
    except ModuleNotFoundError as error:
        raise ConfigError(
            'an approximate index needs faiss, which is not installed; pip install "cir-bench[search]" (without it: '
            "`search --exact`, `serve --exact`, `index --approximate exact`)."
        ) from error
    return module


@dataclass(frozen=True)
class Entries:
    """The different vectors of N candidates: ``[U]`` sorted digests, and the candidates that have each.

    Those of entry u are ``rows[starts[u] : starts[u + 1]]``.
    """

    keys: Keys
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, matrix: Matrix) -> Entries:
        """Of vectors ``[N, D]``."""
        width = 4 * matrix.shape[1]
        digests = bytearray()
        for span in spans(len(matrix), AT_ONCE):
            block = np.ascontiguousarray(matrix[span]).data.cast("B")
            for start in range(0, len(block), width):
                digests += hashlib.blake2b(block[start : start + width], digest_size=16).digest()
        keys, owner = np.unique(np.frombuffer(bytes(digests), dtype="S16"), return_inverse=True)
        owner = owner.reshape(-1)
        return cls(keys, offsets_of(np.bincount(owner, minlength=len(keys))), np.argsort(owner, kind="stable"))

    def places(self, keys: Keys) -> NDArray[np.int64]:
        """``[n]`` which entry each key is, -1 for one that is none of them."""
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1)


@dataclass(frozen=True)
class PartRows:
    """The candidates of each entry of a part: ``rows[starts[e] : starts[e + 1]]``, none for one that is gone."""

    name: str
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, name: str, entries: Entries, places: NDArray[np.int64]) -> PartRows:
        """``places`` ``[n]``: which of the ``entries`` each entry of the part is, -1 for none."""
        alive = places >= 0
        first = np.where(alive, entries.starts[places], 0)
        lengths = np.where(alive, entries.starts[places + 1] - first, 0)
        starts = offsets_of(lengths)
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return cls(name, starts, entries.rows[np.repeat(first, lengths) + within])

    @property
    def alive(self) -> NDArray[np.bool_]:
        """``[n]`` which entries have a candidate."""
        return np.diff(self.starts) > 0


def arranged(
    folder: Path, kind: Kind, matrix: Matrix, known: Sequence[str], progress: Callable[[int, int], None]
) -> list[PartRows]:
    """Parts below ``folder`` that together have an entry for each vector of ``matrix`` ``[N, D]``, built as needed.

    ``known`` are the parts of the kind that are there; one is kept unless half of it is gone, or it is no
    larger than what is new.
    """
    entries = Entries.of(matrix)
    new = np.ones(len(entries.keys), dtype=bool)
    kept: list[tuple[str, NDArray[np.int64]]] = []
    for name in known:
        places = entries.places(np.load(folder / name / ENTRIES, allow_pickle=False))
        places[(places >= 0) & ~new[places]] = -1  # another part has it
        if 2 * int((places >= 0).sum()) >= len(places):
            kept.append((name, places))
            new[places[places >= 0]] = False
    kept.sort(key=lambda part: -len(part[1]))
    while kept and 0 < len(kept[-1][1]) <= int(new.sum()):
        places = kept.pop()[1]
        new[places[places >= 0]] = True
    wanted = np.flatnonzero(new)
    for span in spans(len(wanted), MOST if kind == "ivf" else max(1, len(wanted))):
        places = wanted[span]
        name = _name(kind, entries.keys[places])
        if not (folder / name).is_dir():
            rows = entries.rows[entries.starts[places]]
            index = _new_hnsw(matrix.shape[1]) if kind == "hnsw" else _new_ivf(matrix, rows)
            for some in spans(len(rows), AT_ONCE):
                index.add(matrix[rows[some]])
                progress(span.start + some.stop, len(wanted))
            _write(folder / name, index, entries.keys[places])
        kept.append((name, places))
    return [PartRows.of(name, entries, places) for name, places in kept]


def _name(kind: Kind, keys: Keys) -> str:
    return f"{kind}-{hashlib.blake2b(keys.tobytes(), digest_size=12).hexdigest()}"


def _write(folder: Path, index: Any, keys: Keys) -> None:
    with replacing_folder(folder) as temporary:
        try:
            faiss().write_index(index, str(temporary / INDEX))
        except RuntimeError as error:  # how faiss tells that a disk is full
            raise OSError(errno.EIO, f"faiss: {str(error).splitlines()[-1]}", str(folder)) from error
        np.save(temporary / ENTRIES, keys)
        write_sealed(temporary / STATE, State(seals=seal([temporary / INDEX, temporary / ENTRIES])))


def _new_hnsw(width: int) -> Any:
    module = faiss()
    index = module.IndexHNSWFlat(width, LINKS, module.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = CONSTRUCTION
    return index


def _new_ivf(matrix: Matrix, rows: NDArray[np.int64]) -> Any:
    module = faiss()
    lists = max(1, min(4 * int(len(rows) ** 0.5), len(rows) // SAMPLE))
    chosen = np.random.default_rng(0).permutation(rows)[: SAMPLE * lists]
    index = module.IndexIVFFlat(
        module.IndexFlatIP(matrix.shape[1]), matrix.shape[1], lists, module.METRIC_INNER_PRODUCT
    )
    index.cp.min_points_per_centroid = 1
    index.train(matrix[np.sort(chosen)])
    return index
