"""From features to embeddings, in chunks: the gallery and the queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.features.sizes import FIXED, BatchSizes
from cir_bench.features.source import FeatureSource, text_features
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding

BATCH = 256
"""Images or queries per forward pass; more where a GPU has room for them."""


def embed_gallery(
    composer: Composer,
    source: FeatureSource,
    ids: Sequence[str],
    batch_size: int = BATCH,
    kept: slice | None = None,
    sizes: BatchSizes = FIXED,
) -> Embedding:
    """Embed N gallery images, ``batch_size`` at a time or as many as ``sizes`` finds.

    The features of a chunk are dropped once it is embedded.

    Only the embeddings of the rows ``kept`` are (default: all). All are computed, in the same chunks whatever is kept:
    several ranks encode the images of a chunk together.
    """
    kept = kept or slice(0, len(ids))

    def embedded(part: slice) -> Embedding:
        chunk = ids[part]
        embedding = composer.embed_target(source.images(chunk))
        _check_size(embedding, len(chunk), "embed_target")
        # a search by a score that factorises needs only the vectors
        embedding = replace(embedding, extras={}) if composer.factorises else embedding
        own = embedding[max(0, kept.start - part.start) : max(0, kept.stop - part.start)]
        return own if len(own) == len(embedding) else Embedding.cat([own])  # a copy: the rest is let go

    parts: list[Embedding] = []
    for own in sizes.each("gallery", len(ids), batch_size, embedded):
        if len(own) or not parts:
            parts.append(own)
    return Embedding.cat(parts)


def compose_queries(
    composer: Composer,
    source: FeatureSource,
    readings: Sequence[Sequence[tuple[str, str]]],
    batch_size: int,
    sizes: BatchSizes = FIXED,
) -> Embedding:
    """Compose Q queries, each of one or several reference images with a text.

    A query with several is the mean of their normalised embeddings: of two orders of captions (SEARLE, LinCIR), of two
    reference images (PinPoint).
    """

    def composed(part: slice) -> Embedding:
        chunk = readings[part]
        counts = list(map(len, chunk))
        images, texts = zip(*(reading for query in chunk for reading in query), strict=True)
        embedding = composer.compose(source.images(images), text_features(source, images, texts))
        _check_size(embedding, len(images), "compose")
        return embedding if max(counts) == 1 else mean_of_texts(embedding, counts)

    return Embedding.cat(list(sizes.each("queries", len(readings), batch_size, composed)))


def mean_of_texts(embedding: Embedding, counts: Sequence[int]) -> Embedding:
    """``[sum counts, ...]`` to ``[len(counts), ...]``: the mean of each query's normalised vectors, space by space."""
    device = next(iter(embedding.spaces.values())).device
    owner = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)).to(device)
    number = torch.tensor(counts, device=device)

    def mean(vectors: Tensor) -> Tensor:
        total = vectors.new_zeros(len(counts), *vectors.shape[1:]).index_add_(0, owner, vectors)
        return total / number.reshape(-1, *[1] * (vectors.ndim - 1)).to(vectors.dtype)

    return Embedding(
        {name: mean(F.normalize(vectors, dim=-1)) for name, vectors in embedding.spaces.items()},
        embedding.weights,
        {name: mean(extra) for name, extra in embedding.extras.items() if extra.is_floating_point()},
        embedding.reduce,
    )


def _check_size(embedding: Embedding, expected: int, function: str) -> None:
    if len(embedding) != expected:
        raise RunError(f"{function} returned {len(embedding)} embeddings for {expected} items; return one for each.")
