"""`versus`: two rows in detail: the difference, where it comes from, which queries flipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cir_bench.evaluation.metrics import parse_metric
from cir_bench.statistics.bootstrap import N_RESAMPLES, bootstrap, interval
from cir_bench.statistics.draws import Floats, resampled, resampled_seeds
from cir_bench.statistics.rows import RowValues
from cir_bench.statistics.table import EQUAL, Pair, compare_pairs, wins_ties_losses


@dataclass(frozen=True)
class Share:
    """Some of the queries: a part (category), or those with a tag; each row's mean over them, in points."""

    name: str
    """``dress``, or ``tag:kind:add``."""
    n: int
    first: float
    second: float
    interval: tuple[float, float]
    """Of the difference, by the paired bootstrap within these queries; not corrected for their number."""
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class Flip:
    """A query that the two rows answer differently: its id, part and tags, and means over seeds for each row.

    These are its value in points, and the expected rank of its best target; inf if that is never hit.
    """

    query: str
    part: str
    tags: tuple[str, ...]
    first: float
    second: float
    first_rank: float
    second_rank: float


@dataclass(frozen=True)
class Versus:
    """Two rows compared by one key of the record, with the value of each."""

    key: str
    first: float
    second: float
    pair: Pair
    shares: tuple[Share, ...]
    """By part, then by tag."""
    won: tuple[Flip, ...]
    """Queries that the first row answers better, the clearest first."""
    lost: tuple[Flip, ...]


def versus(first: RowValues, second: RowValues, key: str, n_flips: int = 0) -> Versus:
    """Compare two rows over the same queries by a key that both have, of the whole benchmark (no single part's).

    At most ``n_flips`` flipped queries are named in each direction.
    """
    drawn = {place: values[key] for place, values in enumerate(bootstrap([first, second]))}
    (pair,) = compare_pairs({0: first, 1: second}, drawn, key)
    a, b = first.values[key].mean(0), second.values[key].mean(0)
    ranks = (_ranks(first), _ranks(second)) if n_flips else (a, b)
    cell = first.cells[0]

    def flips(gain: Floats) -> tuple[Flip, ...]:
        return tuple(
            Flip(cell.ids[q], cell.part_of[q], cell.tags[q], *(float(one[q]) for one in (a, b, *ranks)))
            for q in _clearest(gain, *ranks)[:n_flips]
        )

    return Versus(
        key=key,
        first=float(a @ first.weights),
        second=float(b @ second.weights),
        pair=pair,
        shares=tuple(_share(first, second, key, name, chosen) for name, chosen in _groups(first)),
        won=flips(a - b),
        lost=flips(b - a),
    )


def _groups(row: RowValues) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Parts, then tags, with the indices of their queries."""
    cell = row.cells[0]
    if len(cell.parts) > 1:
        for part in cell.parts:
            yield part, np.flatnonzero(np.array(cell.part_of) == part)
    for tag in sorted({tag for tags in cell.tags for tag in tags}):
        yield f"tag:{tag}", np.array([place for place, tags in enumerate(cell.tags) if tag in tags], dtype=np.int64)


def _share(first: RowValues, second: RowValues, key: str, name: str, chosen: NDArray[np.int64]) -> Share:
    a, b = first.values[key][:, chosen], second.values[key][:, chosen]
    both = np.concatenate([a, b]).T / len(chosen)
    means = np.concatenate([counts @ both for counts in resampled([len(chosen)], N_RESAMPLES)])
    drawn = [
        (means[:, where] * resampled_seeds(row.seeds, N_RESAMPLES)).sum(axis=1)
        for row, where in ((first, slice(0, len(a))), (second, slice(len(a), None)))
    ]
    tally = wins_ties_losses(a.mean(0) - b.mean(0))
    return Share(name, len(chosen), float(a.mean()), float(b.mean()), interval(drawn[0] - drawn[1]), *tally)


def _clearest(gain: Floats, first_ranks: Floats, second_ranks: Floats) -> list[int]:
    """Queries with a gain: the largest first, then those whose ranks are furthest apart, then in order."""
    with np.errstate(invalid="ignore"):  # inf - inf, if neither ever hits
        apart = np.nan_to_num(np.abs(first_ranks - second_ranks), nan=0.0, posinf=np.inf)
    gains, gaps = gain.round(6).tolist(), apart.tolist()
    return sorted(np.flatnonzero(gain > EQUAL).tolist(), key=lambda query: (-gains[query], -gaps[query]))


def _ranks(row: RowValues) -> Floats:
    """``[Q]`` mean over seeds of the expected rank of the best target in the whole gallery."""
    rank = parse_metric("median_rank")
    found = [np.concatenate([rank.per_query(part.gallery) for part in cell.parts.values()]) for cell in row.cells]
    ranks: Floats = np.mean(np.stack(found), axis=0)
    return ranks
