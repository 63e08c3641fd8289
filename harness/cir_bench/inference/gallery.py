"""The gallery as seen by a composer that refines its queries with it (SADN)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.interfaces.composer import TopK
from cir_bench.interfaces.embedding import Embedding
from cir_bench.retrieval.neighbours import topk_rows


class GalleryForQueries:
    """A :class:`~cir_bench.interfaces.composer.GalleryView` for B queries that hides each query's excluded images.

    Args:
        gallery: the N candidates.
        joint: ``gallery.joint()``, computed once for all queries.
        excluded: for each query, the gallery rows that are not candidates.
    """

    def __init__(self, gallery: Embedding, joint: Tensor, excluded: Sequence[Sequence[int]]) -> None:
        self._gallery, self._joint, self._excluded = gallery, joint, excluded

    def __len__(self) -> int:
        return len(self._gallery)

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best candidates of each query, or as many as the query with the most exclusions has left.

        Raises:
            RunError: ``queries`` are not the B queries of this view.
        """
        if len(queries) != len(self._excluded):
            raise RunError(
                f"topk was called with {len(queries)} queries, but this view is of {len(self._excluded)}; "
                "pass all the queries given to refine, in their order."
            )
        left = len(self) - max((len(rows) for rows in self._excluded), default=0)
        found = topk_rows(queries.joint(), self._joint, min(k, left), self._excluded, device=self._joint.device)
        return TopK(rows=found.rows, scores=found.scores)

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``."""
        vectors = self._gallery.main if len(self._gallery.spaces) == 1 else self._joint
        return vectors[rows.to(vectors.device)]
