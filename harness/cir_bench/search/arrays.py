"""Embeddings as the arrays of a shard, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch

from cir_bench.errors import RunError
from cir_bench.features.shard import Array
from cir_bench.features.store import RowLocations
from cir_bench.interfaces.embedding import Embedding

SPACE, EXTRA = "space.", "extra."


def arrays_of(embedding: Embedding) -> dict[str, Array]:
    """The tensors of an embedding by name; `RunError` for numbers that an index cannot keep."""
    tensors = {SPACE + name: one for name, one in embedding.spaces.items()}
    tensors |= {EXTRA + name: one for name, one in embedding.extras.items()}
    for name, one in tensors.items():
        if one.dtype not in (torch.float32, torch.bool):
            raise RunError(f"the method's embeddings have {name} of {one.dtype}; an index keeps floats and booleans.")
    return {name: one.cpu().numpy() for name, one in tensors.items()}


def embedding_of(
    rows: RowLocations, places: Sequence[int], weights: Mapping[str, float], reduce: Literal["max"] | None
) -> Embedding:
    """The embedding of N images, each of which is at one of the ``places`` in ``rows``; it is copied into memory."""
    tensors = {name: torch.from_numpy(array) for name, array in _gathered(rows, np.asarray(places)).items()}
    spaces, extras = (
        {name.removeprefix(kind): one for name, one in tensors.items() if name.startswith(kind)}
        for kind in (SPACE, EXTRA)
    )
    return Embedding(spaces, weights, extras, reduce)


def _gathered(rows: RowLocations, places: Array) -> dict[str, Array]:
    shard, row = rows.shard[places], rows.row[places]
    arrays = {
        name: np.empty((len(shard), *array.shape[1:]), dtype=array.dtype) for name, array in rows.shards[0].items()
    }
    for number, one in enumerate(rows.shards):
        own = np.flatnonzero(shard == number)
        for name, array in arrays.items():
            array[own] = one[name][row[own]]
    return arrays
