"""How much of the exact search an approximate index finds, on queries that are composed from its own images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle

import numpy as np
import torch
from torch import Tensor

from cir_bench.inference.gallery import UnitCandidates
from cir_bench.interfaces.embedding import Embedding
from cir_bench.records.models import RecordModel
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import topk_rows
from cir_bench.retrieval.ties import TOLERANCE
from cir_bench.search.vectors.approximate import MARGIN, Approximate
from cir_bench.search.vectors.parts import Kind

QUERIES, K = 100, 20
ENOUGH = 0.95
"""The recall at which no more effort is tried."""
FIRST: dict[Kind, int] = {"hnsw": 64, "ivf": 8}
"""The effort that is tried first."""
TEXTS = (
    "in another colour",
    "smaller",
    "the same from the side",
    "with a pattern",
    "two of them",
    "without the background",
    "older",
    "in black and white",
    "made of wood",
    "brighter and larger",
)
"""For the queries: what people could ask of any photo."""


class ApproximateSearch(RecordModel):
    """How an index is searched approximately, and what that finds."""

    kind: Kind
    effort: int
    """efSearch of ``hnsw``, nprobe of ``ivf``."""
    recall: float
    """Share of the exact best ``k`` that are found; images that tie with the last of them count."""
    k: int
    queries: int
    """On how many it was measured."""

    def sentence(self) -> str:
        """For people."""
        effort = f"{'efSearch' if self.kind == 'hnsw' else 'nprobe'} {self.effort}"
        return (
            f"approximate search by {self.kind} ({effort}): finds {100 * self.recall:.1f}% of the exact best {self.k} "
            f"({self.queries} queries composed from these images)"
        )


def sample(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Images and texts of queries, in random order, the same for the same images."""
    order = np.random.default_rng(0).permutation(len(names))[: 2 * QUERIES]
    return zip((names[place] for place in order.tolist()), cycle(TEXTS), strict=False)


def measured(
    candidates: UnitCandidates, queries: Embedding, approximate: Approximate, effort: int | None
) -> ApproximateSearch:
    """The recall at an effort or, by default, at the first of some doubling ones at which it is `ENOUGH`."""
    ours, matrix = candidates.joint(queries)
    k = min(K, len(matrix))
    exact = topk_rows(DotScorer(ours, matrix, matrix.device), len(ours), len(matrix), k, device=matrix.device)
    tried = min(effort or FIRST[approximate.kind], approximate.most)
    while (recall := _recall(ours, matrix, exact.scores, approximate, tried)) < ENOUGH:
        if effort is not None or tried >= approximate.most:
            break
        tried = min(2 * tried, approximate.most)
    return ApproximateSearch(kind=approximate.kind, effort=tried, recall=round(recall, 4), k=k, queries=len(ours))


def _recall(queries: Tensor, matrix: Tensor, exact: Tensor, approximate: Approximate, effort: int) -> float:
    """The mean share of the best k whose scores reach the last of the ``exact`` ones ``[Q, k]``."""
    shares, k = [], exact.shape[1]
    for query, floor in zip(queries, exact[:, -1].tolist(), strict=True):
        found = approximate.near(query.cpu().numpy(), k + MARGIN, effort)
        scores = matrix[torch.from_numpy(found).to(matrix.device)] @ query
        reached = int((scores >= floor - TOLERANCE * max(1.0, abs(floor))).sum())
        shares.append(min(k, reached) / k)
    return float(np.mean(shares))
