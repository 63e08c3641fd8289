"""The few cells of a block of scores among which every query's k best are.

At least k scores reach the k-th highest of the maxima of groups of columns, so everything below this floor is out. Few
groups reach it, and only their cells are looked at; where groups are small, looking at all cells at once is faster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cir_bench.retrieval.blocks import MASKED, ScoreBlock
from cir_bench.retrieval.primitives import DeviceArray, array, kth_highest, listed, progression, tensor

NARROW = 8
"""Groups of fewer columns than this are not looked at one by one."""
CROWD = 4
"""A query with more than so many times k groups or cells at its floor has many equal scores."""


@dataclass(frozen=True)
class ScoreCells:
    """Cells of a block, query by query: ``[m]`` their rows (ascending), columns and scores.

    ``crowded`` are rows that would have too many cells, which are left out.
    """

    query: Tensor
    column: Tensor
    score: Tensor
    crowded: tuple[int, ...] = ()


def candidates(block: ScoreBlock, k: int, floor: Tensor) -> ScoreCells:
    """The cells of ``block`` that lists of the k best must look at.

    ``floor`` ``[q]`` is the score that a cell must reach; `MASKED` where that is unknown yet.
    """
    tiles, q, width = block.tiles.shape
    maxima = block.maxima.transpose(0, 1).reshape(q, tiles * block.maxima.shape[2])
    if maxima.shape[1] > k and bool((floor == MASKED).any()):
        floor = torch.maximum(floor, tensor(kth_highest(array(maxima), k)))
    floor = floor.clamp(min=torch.finfo(floor.dtype).min)  # masked cells are not candidates
    if width < NARROW * block.maxima.shape[2] and floor.device.type == "cpu":
        return _of_all(array(block.tiles), array(floor), CROWD * k)
    return _of_groups(array(block.tiles), array(maxima), array(floor), CROWD * k)


def _of_groups(tiles: DeviceArray, maxima: DeviceArray, floor: DeviceArray, most: int) -> ScoreCells:
    """Out of the groups whose maxima reach their query's floor."""
    n_tiles, q, width = tiles.shape
    slots = maxima.shape[1] // n_tiles
    chosen, crowded = listed(maxima >= floor[:, None], most)
    query = chosen // maxima.shape[1]
    slot = chosen - query * maxima.shape[1]
    tile = slot // slots
    slot = slot - tile * slots
    members = progression(width, slots, tiles)
    scores = tiles.reshape(-1)[((tile * q + query) * width + slot)[:, None] + members]
    found, _ = listed(scores >= floor[query][:, None], len(members))
    group = found // len(members)
    column = (tile * width + slot)[group] + (found - group * len(members)) * slots
    return _cells(query[group], column, scores.reshape(-1)[found], crowded)


def _of_all(tiles: DeviceArray, floor: DeviceArray, most: int) -> ScoreCells:
    """Out of all cells, with numpy."""
    n_tiles, q, width = tiles.shape
    marks = np.empty((q, n_tiles, width), dtype=bool)  # query by query; a tile's columns follow those of the one before
    for tile in range(n_tiles):
        np.greater_equal(tiles[tile], floor[:, None], out=marks[:, tile])
    found, crowded = listed(marks.reshape(q, n_tiles * width), most)
    line = found // width
    query = line // n_tiles
    tile = line - query * n_tiles
    scores = tiles.reshape(-1)[found + (tile * q + query - line) * width]
    return _cells(query, found - query * (n_tiles * width), scores, crowded)


def _cells(query: DeviceArray, column: DeviceArray, score: DeviceArray, crowded: DeviceArray) -> ScoreCells:
    return ScoreCells(tensor(query), tensor(column), tensor(score), tuple(crowded.tolist()))
