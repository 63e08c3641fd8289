"""`Scores`: a score for every pair of query and image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.protocols.eval_set import EvalSet, PartView
from cir_bench.protocols.protocol import Protocol
from cir_bench.retrieval.index import rows_by_id
from cir_bench.retrieval.parts import PartRankings
from cir_bench.retrieval.queries import first_repeated
from cir_bench.scoring.lists import Judged

if TYPE_CHECKING:
    from torch import Tensor

SHOWN = 3


@dataclass(frozen=True, eq=False)
class Scores:
    """What a model gives every pair of query and gallery image; higher is better.

    Attributes:
        queries: Q query ids, in any order.
        images: N image ids, in any order: the whole gallery; further images are no candidates.
        values: ``[Q, N]``, a floating-point array or tensor.

    Raises:
        DataError: the shape is not that, a value is no floating-point number, or an id occurs twice.
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


def rank_scores(scores: Sequence[Scores], evaluation: EvalSet, protocol: Protocol) -> Judged:
    """Rankings of an evaluation's parts, exact, with their ties.

    Args:
        scores: for each part one; which is told by their query ids.
        evaluation: the data set under the protocol.
        protocol: the conventions.

    Raises:
        DataError: queries or gallery images are missing; the sentence names some.
        RunError: a score is no finite floating-point number; the sentence names query and image.
    """
    known = {query.id for part in evaluation.parts.values() for query in part.queries}
    unknown = [query for table in scores for query in table.queries if query not in known]
    notes = (f"Scores of {len(unknown)} queries that are not in the benchmark were passed over: {_some(unknown)}.",)
    rankings = {name: _rank_part(scores, part, protocol) for name, part in evaluation.parts.items()}
    return Judged(rankings, notes=notes if unknown else ())


def _rank_part(scores: Sequence[Scores], part: PartView, protocol: Protocol) -> PartRankings:
    import torch

    from cir_bench.retrieval.search import search
    from cir_bench.retrieval.subsets import search_subsets

    asked = part.query_set()
    wanted = set(asked.ids)
    tables = [table for table in scores if not wanted.isdisjoint(table.queries)]
    if len(tables) > 1:
        raise DataError(
            f"The queries {_some(asked.ids)} are spread over {len(tables)} score matrices; put them together in one."
        )
    row_of, column_of = (rows_by_id(tables[0].queries), rows_by_id(tables[0].images)) if tables else ({}, {})
    for what, ids, there in (("queries", asked.ids, row_of), ("gallery images", part.gallery, column_of)):
        missing = [name for name in ids if name not in there]
        if missing:
            raise DataError(f"{len(missing)} of {len(ids)} {what} have no scores: {_some(missing)}.")
    values = torch.as_tensor(tables[0].values)
    in_order = tuple(tables[0].queries) == asked.ids and tuple(tables[0].images) == part.gallery
    rows, columns = (
        torch.tensor([at[name] for name in ids]) for at, ids in ((row_of, asked.ids), (column_of, part.gallery))
    )

    def score(query_rows: Any, gallery_rows: Any) -> Tensor:
        if in_order:  # a view, where the other takes a copy
            return values[query_rows][:, gallery_rows]
        return values[rows[query_rows]][:, columns[gallery_rows]]

    whole = search(score, asked, part.gallery)
    if not protocol.subset:
        return PartRankings(whole)
    return PartRankings(whole, search_subsets(score, asked, part.gallery, part.subsets()))


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
