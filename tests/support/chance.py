"""What a uniformly random ranking scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np
import torch
from torch import Tensor

from cir_bench.protocols.eval_set import EvalPart
from cir_bench.retrieval.ranking import Ranking


@dataclass(frozen=True)
class Chance:
    """R@k over Q queries, in percent: its expectation, and the standard deviation of one random run."""

    mean: float
    sd: float


def chance_level(ranking: Ranking, k: int) -> Chance:
    """R@k with this ranking's candidates and targets; targets that are never hit do not count."""
    targets = np.bincount(ranking.groups.query, weights=ranking.groups.hits, minlength=len(ranking)).astype(int)
    hit = np.array([_hit(n, m, k) for n, m in zip(ranking.n_candidates.tolist(), targets.tolist(), strict=True)])
    return Chance(100 * float(hit.mean()), 100 * float(np.sqrt((hit * (1 - hit)).sum())) / len(hit))


def random_sides(part: EvalPart, width: int = 64) -> tuple[Tensor, Tensor]:
    """Random directions for the queries and the gallery of a part."""
    generator = torch.Generator().manual_seed(0)
    queries, gallery = (torch.randn(len(rows), width, generator=generator) for rows in (part.queries, part.gallery))
    return torch.nn.functional.normalize(queries), torch.nn.functional.normalize(gallery)


@cache
def _hit(n: int, m: int, k: int) -> float:
    """The chance that one of m targets is among the first k of n candidates in random order."""
    return 1 - comb(n - m, min(n, k)) / comb(n, min(n, k))
