"""The ways to rank that ``retrieval.py`` measures, from the same vectors to target ranks or the best 50."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import TOP_K
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search

Vectors = Any
Found = tuple[Any, list[Any]]
"""For each query the first and last place its target may have (None where the way cannot tell), and the best image."""
Tell = Callable[[], Found]
Run = Callable[[], Tell]
"""What is measured; it returns what tells, unmeasured, what was found."""
Way = Callable[[argparse.Namespace, Vectors, Vectors], Run]


def target_of(query: int, args: argparse.Namespace) -> int:
    """The gallery row that is the target of a query."""
    return int(query * 7919 % args.gallery)


def by_search(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    return searched(args, queries, gallery, lambda name, query: (name[target_of(query, args)],))


def by_best_search(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    """The best 50 alone: no target is known."""
    return searched(args, queries, gallery, lambda name, query: ())


def searched(
    args: argparse.Namespace, queries: Vectors, gallery: Vectors, targets: Callable[[list[str], int], tuple[str, ...]]
) -> Run:
    names = [f"{i:08}" for i in range(args.gallery)]
    asked = QuerySet(
        tuple(map(str, range(len(queries)))), tuple(targets(names, query) for query in range(len(queries)))
    )

    def run() -> Tell:
        scorer = DotScorer(queries, gallery, args.device)
        ranking = search(scorer, asked, names, budget_bytes=args.budget_mib * 2**20, device=args.device)
        places = np.stack([ranking.better, ranking.better + ranking.tied], axis=1) if len(ranking.better) else None
        return lambda: (places, [top[0] for top in ranking.top_ids])

    return run


def by_argsort(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    """What published evaluators do: the whole matrix, sorted."""
    targets = torch.tensor([target_of(i, args) for i in range(len(queries))], device=args.device)

    def run() -> Tell:
        scores = torch.as_tensor(queries).to(args.device) @ torch.as_tensor(gallery).to(args.device).T
        order = scores.argsort(dim=1, descending=True)
        places = (order == targets[:, None]).int().argmax(dim=1, keepdim=True)
        return lambda: (places.expand(-1, 2).cpu().numpy(), order[:, 0].tolist())

    return run


def by_topk(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    """The whole matrix, top-k and a count: no sorting."""
    targets = torch.tensor([target_of(i, args) for i in range(len(queries))], device=args.device)

    def run() -> Tell:
        scores = torch.as_tensor(queries).to(args.device) @ torch.as_tensor(gallery).to(args.device).T
        top = scores.topk(TOP_K, dim=1).indices
        places = (scores > scores.gather(1, targets[:, None])).sum(dim=1, keepdim=True)
        return lambda: (places.expand(-1, 2).cpu().numpy(), top[:, 0].tolist())

    return run


def by_faiss(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    """faiss-cpu's exact flat index: top-k alone, it cannot tell the rank of a target behind it."""
    return lambda: search_index(built_index(args, gallery), queries)


def by_built_faiss(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    """As `by_faiss`, with the index built before."""
    index = built_index(args, gallery)
    return lambda: search_index(index, queries)


def by_faiss_ranks(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Run:
    """faiss-cpu's exact index asked for every image, which is how it tells the rank of any target."""
    targets = np.array([target_of(i, args) for i in range(len(queries))])

    def run() -> Tell:
        _, rows = built_index(args, gallery).search(np.asarray(queries), args.gallery)
        places = (rows == targets[:, None]).argmax(axis=1)
        return lambda: (np.stack([places, places], axis=1), rows[:, 0].tolist())

    return run


def built_index(args: argparse.Namespace, gallery: Vectors) -> Any:
    import faiss

    faiss.omp_set_num_threads(args.threads)
    index = faiss.IndexFlatIP(args.dim)
    index.add(np.asarray(gallery))
    return index


def search_index(index: Any, queries: Vectors) -> Tell:
    _, rows = index.search(np.asarray(queries), TOP_K)
    return lambda: (None, rows[:, 0].tolist())


WAYS: dict[str, Way] = {
    "search": by_search,
    "search-best": by_best_search,
    "argsort": by_argsort,
    "topk": by_topk,
    "faiss": by_faiss,
    "faiss-built": by_built_faiss,
    "faiss-ranks": by_faiss_ranks,
}
MATRIX_BYTES = {"argsort": 24, "topk": 8, "faiss-ranks": 16}
"""Per score of the whole matrix: scores, sorted scores, their order, and the comparison with the targets."""
