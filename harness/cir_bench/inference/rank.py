"""From a trained composer to the rankings of every part of a benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from cir_bench.features.sizes import FIXED, BatchSizes
from cir_bench.features.source import FeatureSource
from cir_bench.inference.embed import BATCH, compose_queries, embed_gallery
from cir_bench.inference.gallery import Candidates, GalleryForQueries, scorer_of, vectors_of
from cir_bench.inference.rerank import active, rerank
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.reranker import Reranker
from cir_bench.protocols.eval_set import EvalPart, EvalSet
from cir_bench.ranks.group import ALONE, Ranks
from cir_bench.retrieval.index import rows_by_id
from cir_bench.retrieval.ranking import TOP_K, PartRankings, Ranking
from cir_bench.retrieval.search import search
from cir_bench.retrieval.shards import Shard
from cir_bench.retrieval.subsets import search_subsets


@dataclass(frozen=True)
class Ranked:
    """The rankings of every part of a benchmark."""

    parts: Mapping[str, PartRankings]
    query_seconds: float
    """Time to compose, refine and search for all queries, features given."""


def rank(
    composer: Composer,
    source: FeatureSource,
    evaluation: EvalSet,
    *,
    subset: bool,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[None]] = nullcontext,
    batch_size: int = BATCH,
    ranks: Ranks = ALONE,
    reranker: Reranker | None = None,
    sizes: BatchSizes = FIXED,
) -> Ranked:
    """Rank every part's gallery for each of its queries, and with ``subset`` each query's own candidates, too.

    ``composer`` is in evaluation mode and runs inside ``autocast``; scores are always compared in float32. The truth in
    ``evaluation`` is only read once a ranking is complete. Each of several ``ranks`` keeps and searches a share of the
    gallery, unless the composer looks at it to refine its queries. With a ``reranker``, each rescores what all found.
    Batches may be as large as ``sizes`` finds.
    """
    prepared = _Search(composer, active(reranker), source, subset, device, autocast)
    parts: dict[str, PartRankings] = {}
    query_seconds = 0.0
    with torch.inference_mode():
        for name, part in evaluation.parts.items():
            shard = None if ranks.size == 1 or composer.uses_gallery else Shard(ranks, len(part.gallery))
            rows = None if shard is None else shard.rows
            with autocast():
                gallery = embed_gallery(composer, source, part.gallery, batch_size, rows, sizes).to(dtype=torch.float32)
            started = time.perf_counter()
            with autocast():
                queries = _queries(composer, source, part, gallery, batch_size, sizes=sizes)
            parts[name] = prepared.ranked(queries, gallery, part, shard)
            query_seconds += time.perf_counter() - started
    return Ranked(parts, query_seconds)


def embed_images(
    composer: Composer,
    source: FeatureSource,
    images: Sequence[str],
    autocast: Callable[[], AbstractContextManager[None]] = nullcontext,
    batch_size: int = BATCH,
) -> Embedding:
    """The embeddings of N candidates, in float32."""
    with torch.inference_mode(), autocast():
        return embed_gallery(composer, source, images, batch_size).to(dtype=torch.float32)


def rank_part(
    composer: Composer,
    source: FeatureSource,
    part: EvalPart,
    gallery: Embedding | Candidates,
    *,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[None]] = nullcontext,
    batch_size: int = BATCH,
    top_k: int = TOP_K,
    reranker: Reranker | None = None,
    row_of: dict[str, int] | None = None,
    queries: Embedding | None = None,
) -> PartRankings:
    """Rank the gallery of one part, embedded as by `embed_images`, for its queries.

    ``queries`` are their embeddings where they are composed already; ``row_of`` as in
    :func:`~cir_bench.retrieval.search.search`, other arguments as of `rank`.
    """
    with torch.inference_mode():
        if queries is None:
            with autocast():
                queries = _queries(composer, source, part, gallery, batch_size, row_of)
        prepared = _Search(composer, active(reranker), source, False, device, autocast)
        return prepared.ranked(queries, gallery, part, top_k=top_k, row_of=row_of)


def _queries(
    composer: Composer,
    source: FeatureSource,
    part: EvalPart,
    gallery: Embedding | Candidates,
    batch_size: int,
    row_of: dict[str, int] | None = None,
    sizes: BatchSizes = FIXED,
) -> Embedding:
    readings = [query.readings for query in part.queries]
    queries = compose_queries(composer, source, readings, batch_size, sizes).to(dtype=torch.float32)
    if not composer.uses_gallery:
        return queries
    row_of = rows_by_id(part.gallery) if row_of is None else row_of
    excluded = [[row_of[image] for image in images if image in row_of] for images in part.query_set.excluded]
    vectors = gallery.vectors if isinstance(gallery, Candidates) else vectors_of(gallery)
    refined = []
    for start in range(0, len(queries), batch_size):
        chunk = slice(start, start + batch_size)
        view = GalleryForQueries(gallery, vectors, excluded[chunk], composer.scorer)
        refined.append(composer.refine(queries[chunk], view))
    return Embedding.cat(refined)


@dataclass(frozen=True)
class _Search:
    """How queries are ranked once they are composed."""

    composer: Composer
    reranker: Reranker | None
    source: FeatureSource
    subset: bool
    device: torch.device
    autocast: Callable[[], AbstractContextManager[None]]

    def ranked(
        self,
        queries: Embedding,
        gallery: Embedding | Candidates,
        part: EvalPart,
        shard: Shard | None = None,
        top_k: int = TOP_K,
        row_of: dict[str, int] | None = None,
    ) -> PartRankings:
        """The gallery of one part and, with ``subset``, each query's own candidates."""
        asked = part.query_set
        scorer = scorer_of(self.composer.scorer, queries, gallery, self.device)
        kept = top_k if self.reranker is None else max(top_k, self.reranker.k + 1)
        whole = search(scorer, asked, part.gallery, top_k=kept, device=self.device, shard=shard, row_of=row_of)
        whole = self._rescored(whole, part, top_k)
        if not self.subset:
            return PartRankings(whole)
        subsets = search_subsets(
            scorer, asked, part.gallery, part.subsets(), top_k=kept, device=self.device, shard=shard
        )
        return PartRankings(whole, self._rescored(subsets, part, top_k))

    def _rescored(self, first: Ranking, part: EvalPart, top_k: int) -> Ranking:
        if self.reranker is None:
            return first
        return rerank(
            self.reranker,
            self.source,
            part.queries,
            first,
            part.gallery,
            device=self.device,
            autocast=self.autocast,
            top_k=top_k,
        )
