"""Random draws that are the same on every machine and under every version of numpy.

Only the raw stream of a bit generator is guaranteed to stay as it is (NEP 19), so nothing else of numpy's random module
is used: the same records give the same leaderboard, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHUNK = 4_000_000
"""Numbers held at once, whatever the number of queries and draws."""


def signs(n_draws: int, width: int) -> Iterator[Floats]:
    """``[n_draws, width]`` of +1 and -1, evenly and independently, in chunks of rows."""
    stream = _stream("signs")
    words = -(-width // 64)
    for rows in _chunks(n_draws, width):
        bits = np.unpackbits(_raw(stream, rows * words).astype("<u8").view(np.uint8)).reshape(rows, words * 64)
        yield 2 * bits[:, :width].astype(np.float64) - 1


def resampled(sizes: Sequence[int], n_draws: int) -> Iterator[Floats]:
    """``[n_draws, sum(sizes)]`` how often each item is drawn, with replacement, within its part; in chunks of rows."""
    streams = [_stream("items", place) for place in range(len(sizes))]
    for rows in _chunks(n_draws, sum(sizes)):
        yield np.hstack([_counts(stream, rows, size, size) for stream, size in zip(streams, sizes, strict=True)])


def resampled_seeds(seeds: Sequence[int], n_draws: int) -> Floats:
    """``[n_draws, S]`` weights of a row's seeds, each row sums to 1; the same seeds are drawn alike for every method.

    One less is drawn than there are: the mean of S - 1 draws out of S has the variance s²/S of the seeds' mean without
    bias, where S draws would give (S - 1)/S of it (Rao & Wu, JASA 1988), a third too little for three seeds.
    """
    count = len(seeds)
    if count == 1:
        return np.ones((n_draws, 1))
    return _counts(_stream("seeds", *seeds), n_draws, count, count - 1) / (count - 1)


def uniform(n_draws: int) -> Floats:
    """``[n_draws]`` numbers between 0 and 1, both excluded."""
    draws: Floats = ((_raw(_stream("uniform"), n_draws) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return draws


def _counts(stream: np.random.PCG64, rows: int, n_items: int, n_drawn: int) -> Floats:
    drawn = (_raw(stream, rows * n_drawn) % np.uint64(n_items)).astype(np.int64).reshape(rows, n_drawn)
    flat = (drawn + n_items * np.arange(rows)[:, None]).ravel()
    return np.bincount(flat, minlength=rows * n_items).reshape(rows, n_items).astype(np.float64)


def _stream(*names: object) -> np.random.PCG64:
    return np.random.PCG64(int.from_bytes(hashlib.sha256(repr(names).encode()).digest()[:8], "little"))


def _raw(stream: np.random.PCG64, count: int) -> NDArray[np.uint64]:
    return np.asarray(stream.random_raw(count), dtype=np.uint64)


def _chunks(n_draws: int, width: int) -> Iterator[int]:
    step = max(1, CHUNK // max(1, width))
    for start in range(0, n_draws, step):
        yield min(step, n_draws - start)
