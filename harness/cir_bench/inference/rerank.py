"""The second stage of a ranking: a reranker rescores every query's best candidates, a few pairs at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray

from cir_bench.features.source import FeatureSource, text_features
from cir_bench.interfaces.reranker import Reranker, rescored_as
from cir_bench.protocols.eval_set import EvalQuery
from cir_bench.retrieval.ranking import TOP_K, Ranking
from cir_bench.retrieval.rerank import Shortlists

PAIRS = 256
"""Pairs of a query and a candidate in one call: as many candidates' features are held as in embedding a gallery."""


def active(reranker: Reranker | None) -> Reranker | None:
    """The reranker, if there is one and it rescores already."""
    return reranker if reranker is not None and bool(reranker.rescoring) else None


def rerank(
    reranker: Reranker,
    source: FeatureSource,
    queries: Sequence[EvalQuery],
    first: Ranking,
    gallery_ids: Sequence[str],
    *,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[None]],
    top_k: int = TOP_K,
) -> Ranking:
    """The ``first`` ranking of Q queries, in which the ``reranker.k`` best candidates of each are rescored.

    ``first`` must keep more than ``reranker.k`` candidates. A query of several texts or references has the mean of
    their scores. Several ranks that have the same ``first`` ranking may call it together; each rescores everything.
    """
    lists = Shortlists.of(first, reranker.k)
    rescored = np.zeros_like(lists.scores)
    count = np.array([[len(query.readings)] for query in queries])
    for asked, columns, scores in _scores(reranker, source, queries, lists, device, autocast):
        np.add.at(rescored, (np.array(asked)[:, None], np.arange(columns.start, columns.stop)), scores)
    return lists.ranking(rescored / count, gallery_ids, top_k=top_k, device=device)


def _scores(
    reranker: Reranker,
    source: FeatureSource,
    queries: Sequence[EvalQuery],
    lists: Shortlists,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[None]],
) -> Iterator[tuple[list[int], slice, NDArray[np.float32]]]:
    """Scores ``[b, k]`` of some queries (one once for each of its readings) against k columns of their lists."""
    flat = [(row, *reading) for row, query in enumerate(queries) for reading in query.readings if lists.ids[row]]
    width = min(PAIRS, lists.scores.shape[1])
    for start in range(0, len(flat), max(1, PAIRS // width)):
        rows, references, texts = (
            list(part) for part in zip(*flat[start : start + max(1, PAIRS // width)], strict=True)
        )
        longest = max(len(lists.ids[row]) for row in rows)
        reference, text = source.images(references), text_features(source, references, texts)
        for column in range(0, longest, width):
            columns = slice(column, min(column + width, longest))
            images = [image for row in rows for image in _padded(lists.ids[row], columns)]
            before = torch.from_numpy(lists.scores[rows][:, columns]).to(device)
            with autocast():
                found = reranker.rescore(reference, text, source.images(images), before)
            yield rows, columns, rescored_as(before, found).float().cpu().numpy()


def _padded(images: Sequence[str], columns: slice) -> list[str]:
    """A part of a list, the last candidate repeated after its end."""
    return [images[min(place, len(images) - 1)] for place in range(columns.start, columns.stop)]
