"""`SadnComposer`: any composer, its queries refined by their neighbours in the gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import (
    Composer,
    ConfigError,
    Embedding,
    EncoderShape,
    Explanation,
    Features,
    GalleryView,
    NeighbourWeights,
)
from cir_bench_sadn.aggregation import NeighbourAggregation
from cir_bench_sadn.base import output_of
from cir_bench_sadn.candidates import without
from cir_bench_sadn.params import FIRST, NEVER, NO_CIA, NO_DBC, NO_NEIGHBOURHOOD, NO_RESIDUAL, NORMED, SadnParams

BLOCK = 1 << 26
"""Numbers in the largest tensor of neighbours ``[b, K, d]`` that is made at once (256 MiB of float32)."""
SAME_VECTOR, COPIES = 1 - 1e-5, 4
"""A candidate of a higher cosine with the reference is the reference; a batch may have it several times."""


class SadnComposer(Composer):
    """The base's query Q, refined in the light of its neighbours among the candidates (Sections 3.2 and 3.3).

    A base with several spaces is taken in its joint space, in which the dot product is its score. The refinement sees
    the candidates through the `GalleryView` only, and of them only the K nearest.

    Args:
        base: the composer of Q; must embed queries and candidates, by itself.
        shape: the encoder's widths.
        params: the neighbourhood's settings.
    """

    uses_gallery = True
    refining: Tensor | None

    def __init__(self, base: Composer, shape: EncoderShape, params: SadnParams) -> None:
        super().__init__()
        if not base.factorises:
            raise ConfigError(
                f"sadn refines query embeddings, but the composer {params.base!r} scores pairs without embedding them; "
                "choose another base."
            )
        if base.uses_gallery:
            raise ConfigError(f"the composer {params.base!r} refines its queries by itself; choose another sadn.base.")
        self.base = base
        output = output_of(base, shape)
        self._weights = output.weights
        self.aggregation = NeighbourAggregation(
            self._vectors(output).shape[1],
            params.sigma_floor,
            cia=params.ablation != NO_CIA,
            dbc=params.ablation != NO_DBC,
            residual=params.ablation != NO_RESIDUAL,
        )
        self._neighbours = None if params.ablation == NO_NEIGHBOURHOOD else params.neighbours
        self._normed = params.features == NORMED
        self._without_reference = params.reference_neighbour == NEVER
        # False while the base is trained alone; its checkpoints are then evaluated without refinement.
        self.register_buffer("refining", torch.tensor(True) if params.base_training == FIRST else None)

    def begin(self, *, refining: bool) -> None:
        """Refine queries from now on, or leave them as the base composes them; a base that is not trained is kept."""
        assert self.refining is not None
        self.refining.fill_(refining)
        if refining:
            self.base.eval()

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The raw query Q ``[B, d]`` (Eq. 2 with the base in place of the Combiner)."""
        query = self._vectors(self.base.compose(reference, text))
        if self._without_reference:
            return Embedding.single(query, reference=self._vectors(self.base.embed_target(reference)))
        return Embedding.single(query)

    def embed_target(self, image: Features) -> Embedding:
        """The candidate T ``[B, d]``, the base's own."""
        return Embedding.single(self._vectors(self.base.embed_target(image)))

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        """The refined query Q̂ ``[B, d]``, with Ẽ in Eq. 5: no target is there to be seen."""
        if self.refining is not None and not self.refining:
            return query
        unrefined = self.scaled(query)
        parts = [
            self.aggregation(unrefined[block], self.take(gallery, rows), unrefined[block])
            for block, rows in self.neighbourhoods(query, gallery)
        ]
        return Embedding.single(torch.cat(parts))

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """The neighbours and their weights a (Eq. 9), the heaviest first; then what the base has to show."""
        of_base = self.base.explain(reference, text, None)
        if gallery is None or self._neighbours is None:  # without neighbourhood every candidate is one
            return of_base
        query = self.compose(reference, text)
        unrefined = self.scaled(query)
        found = [
            (self.aggregation.weights(unrefined[block], self.take(gallery, rows), unrefined[block]), rows)
            for block, rows in self.neighbourhoods(query, gallery)
        ]
        weights, rows = (torch.cat(parts) for parts in zip(*found, strict=True))
        order = weights.argsort(dim=1, descending=True, stable=True)
        note = "The candidates nearest to the unrefined query; their weighted sum refines it."
        shown = NeighbourWeights("Neighbours and their weights", weights.gather(1, order), note, rows.gather(1, order))
        return (shown, *of_base)

    def neighbourhoods(self, query: Embedding, gallery: GalleryView) -> Iterator[tuple[slice, Tensor]]:
        """The rows ``[b, K]`` of the K candidates most similar to each query, b queries at a time (Section 3.2.2).

        Without neighbourhood (Table 3) every candidate is one; then b queries × N candidates are bounded by `BLOCK`.
        """
        with torch.no_grad():
            rows = self._nearest(query, gallery, self._neighbours or len(gallery))
        size = max(1, BLOCK // (rows.shape[1] * query.main.shape[1]))
        for start in range(0, len(rows), size):
            yield slice(start, start + size), rows[start : start + size]

    def _nearest(self, query: Embedding, gallery: GalleryView, wanted: int) -> Tensor:
        """Rows of the nearest candidates; without the reference where it shall be no neighbour."""
        if not self._without_reference:
            return gallery.topk(query, wanted).rows
        rows = gallery.topk(query, wanted + COPIES).rows
        near = gallery.topk(Embedding.single(query.extras["reference"]), COPIES)
        references = near.rows.masked_fill(near.scores < SAME_VECTOR, -1)
        return without(rows, (rows[:, :, None] == references[:, None]).any(dim=-1))[:, :wanted]

    def take(self, gallery: GalleryView, rows: Tensor) -> Tensor:
        """The neighbours N ``[b, K, d]`` (Eq. 3)."""
        return self._scale(gallery.take(rows))

    def scaled(self, embedding: Embedding) -> Tensor:
        """Q or T ``[B, d]`` as the equations take it."""
        return self._scale(embedding.main)

    def _scale(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors, dim=-1) if self._normed else vectors

    def _vectors(self, embedding: Embedding) -> Tensor:
        if len(embedding.spaces) == 1:
            return embedding.main
        return Embedding(embedding.spaces, self._weights).joint()
