"""`Scores`: a score for every pair of query and image, made elsewhere, and the exact ranking of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError, examples
from cir_bench.protocols.eval_set import EvalPart
from cir_bench.retrieval.index import rows_by_id
from cir_bench.retrieval.queries import first_repeated
from cir_bench.retrieval.ranking import PartRankings

if TYPE_CHECKING:
    from torch import Tensor

HALF = frozenset({"float16", "bfloat16"})


@dataclass(frozen=True, eq=False)
class Scores:
    """The score of every pair of query and gallery image; higher is better.

    Attributes:
        queries: Q query ids, in any order.
        images: N image ids, in any order: the whole gallery; further images are not candidates.
        values: ``[Q, N]``, an array or tensor of floating-point or whole numbers.

    Raises:
        DataError: the values have another shape, or an id occurs twice.
    """

    queries: Sequence[str]
    images: Sequence[str]
    values: NDArray[np.floating[Any]] | Tensor

    def __post_init__(self) -> None:
        shape = (len(self.queries), len(self.images))
        if tuple(self.values.shape) != shape:
            raise DataError(
                f"Scores of {shape[0]} queries x {shape[1]} images have the shape {tuple(self.values.shape)}."
            )
        for what, ids in (("query", self.queries), ("image", self.images)):
            repeated = first_repeated(ids)
            if repeated is not None:
                raise DataError(f"Scores name the {what} {repeated!r} more than once.")


def rank_scores(scores: Sequence[Scores], part: EvalPart, subset: bool) -> PartRankings:
    """The exact rankings of one part, with their ties; with ``subset`` also those of each query's own candidates.

    There is one matrix for each part of the benchmark; its query ids tell which. `DataError` if queries or gallery
    images are missing; `RunError` if a score is not a finite floating-point number.
    """
    import torch

    from cir_bench.retrieval.search import search
    from cir_bench.retrieval.subsets import search_subsets

    queries = part.query_set
    asked = set(queries.ids)
    matrices = [matrix for matrix in scores if not asked.isdisjoint(matrix.queries)]
    if len(matrices) > 1:
        raise DataError(
            f"The queries {examples(queries.ids)} are spread over {len(matrices)} score matrices; put them into one."
        )
    row_of = rows_by_id(matrices[0].queries) if matrices else {}
    column_of = rows_by_id(matrices[0].images) if matrices else {}
    rows = _indices("queries", queries.ids, row_of)
    columns = _indices("gallery images", part.gallery, column_of)
    values = torch.as_tensor(matrices[0].values)
    if not (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool):
        values = values.double()  # whole numbers, such as negative ranks
    in_order = tuple(matrices[0].queries) == queries.ids and tuple(matrices[0].images) == part.gallery

    def score(query_rows: Any, gallery_rows: Any) -> Tensor:
        if in_order:  # a view, where the other takes a copy
            return values[query_rows][:, gallery_rows]
        return values[rows[query_rows]][:, columns[gallery_rows]]

    gallery = search(score, queries, part.gallery)
    return PartRankings(gallery, search_subsets(score, queries, part.gallery, part.subsets()) if subset else None)


def half_precision(scores: Sequence[Scores], parts: Iterable[PartRankings]) -> tuple[str, ...]:
    """A sentence on the ties of scores in half precision, if there are any."""
    names = sorted({name for one in scores if (name := str(one.values.dtype).rpartition(".")[2]) in HALF})
    rankings = [part.gallery for part in parts]
    tied = sum(int((ranking.tied > 0).sum()) for ranking in rankings)
    if not names or not tied:
        return ()
    of = sum(len(ranking.tied) for ranking in rankings)
    return (
        f"Scores in half precision ({', '.join(names)}) make ties: {tied} of {of} targets have the score of another "
        "image, and count as the mean over all orders of the tied; export the scores in float32.",
    )


def unknown_queries(scores: Sequence[Scores], parts: Iterable[EvalPart]) -> tuple[str, ...]:
    """A sentence on score rows of queries that the benchmark does not have, if there are any."""
    ids = {query.id for part in parts for query in part.queries}
    unknown = [query for matrix in scores for query in matrix.queries if query not in ids]
    if not unknown:
        return ()
    return (f"Scores of {len(unknown)} queries that are not in the benchmark were ignored: {examples(unknown)}.",)


def _indices(what: str, ids: Sequence[str], index_of: Mapping[str, int]) -> Tensor:
    import torch

    missing = [name for name in ids if name not in index_of]
    if missing:
        raise DataError(f"{len(missing)} of {len(ids)} {what} have no scores: {examples(missing)}.")
    return torch.tensor([index_of[name] for name in ids])
