"""The gallery as a composer sees it that refines its queries by it (SADN)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.interfaces.composer import TopK
from cir_bench.interfaces.embedding import Embedding
from cir_bench.retrieval.neighbours import topk_rows


class GalleryForQueries:
    """A :class:`~cir_bench.interfaces.composer.GalleryView` for some queries; their excluded images are not in it.

    Args:
        gallery: the N candidates.
        joint: ``gallery.joint()``, computed once for all queries.
        excluded: for each of the B queries the gallery rows that are no candidates.
    """

    def __init__(self, gallery: Embedding, joint: Tensor, excluded: Sequence[Sequence[int]]) -> None:
        self._gallery, self._joint, self._excluded = gallery, joint, excluded

    def __len__(self) -> int:
        return len(self._gallery)

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best candidates of each of the B queries, found in chunks; fewer when fewer are left for any query."""
        if len(queries) != len(self._excluded):
            raise RunError(
                f"topk was asked about {len(queries)} queries, but this view is of {len(self._excluded)}; "
                "ask about all the queries given to refine, in their order."
            )
        left = len(self) - max((len(rows) for rows in self._excluded), default=0)
        found = topk_rows(queries.joint(), self._joint, min(k, left), self._excluded, device=self._joint.device)
        return TopK(rows=found.rows, scores=found.scores)

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``."""
        vectors = self._gallery.main if len(self._gallery.spaces) == 1 else self._joint
        return vectors[rows.to(vectors.device)]
