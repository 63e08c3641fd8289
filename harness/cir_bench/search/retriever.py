"""`Retriever`: a trained model that embeds images and queries, and searches, as the run that measured it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from PIL import Image

from cir_bench.errors import ConfigError
from cir_bench.features.extract import evaluating
from cir_bench.features.live import LiveSource
from cir_bench.features.source import MAIN
from cir_bench.inference.embed import compose_queries
from cir_bench.inference.rank import embed_images, rank_part
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features
from cir_bench.plugin.registry import blame
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, Truth
from cir_bench.protocols.text import query_texts
from cir_bench.records.record import RunRecord
from cir_bench.runs.assembly import AssembledCell
from cir_bench.search.pictures import Picture, Pictures, by_name

QUERY = "query"
REFERENCE = "\0reference"
"""The name of a query's image among the others; no file can have it."""
Text = str | Sequence[str]
"""A modification text, or several captions, which the protocol joins."""


@dataclass(frozen=True)
class Hit:
    """An image that a search found."""

    image: str
    """Its name: the path of a file as it was given, ``image-N`` for the N-th image (from 0) if it was in memory."""
    score: float
    """Higher is better; scores of different queries cannot be compared."""


@dataclass(frozen=True, eq=False)
class _Gallery:
    """N embedded candidates: their names, contents and embeddings."""

    names: Sequence[str]
    digests: Sequence[str]
    embedding: Embedding


class Retriever:
    """A trained model; made by :func:`cir_bench.load`.

    Texts are written as the protocol of the run says, and the query's own image is removed from the candidates if the
    protocol removes it.
    """

    def __init__(self, assembled: AssembledCell, record: RunRecord) -> None:
        self._assembled, self._cell = assembled, assembled.cell
        self.record = record
        self._composer = assembled.method.composer
        trained = assembled.trainee.encoders
        self._encoders = dict(trained) or {MAIN: assembled.bench.encoders.frozen(self._cell)}
        # features of a frozen encoder are extracted in full precision, whatever the precision of the run
        self._plainly: Callable[[], AbstractContextManager[None]]
        self._plainly = nullcontext if trained else lambda: evaluating(self._encoders[MAIN])
        self._gallery: _Gallery | None = None

    def encode_images(self, images: Sequence[Picture]) -> Embedding:
        """The embeddings of N candidate images, files or PIL images.

        Raises:
            DataError: a file is missing or cannot be decoded.
        """
        return self._embed(by_name(images))

    def encode_query(self, image: Picture, text: Text) -> Embedding:
        """The embedding of one query, before any refinement by a gallery (SADN).

        Raises:
            DataError: a file is missing or cannot be decoded.
        """
        source = self._source({REFERENCE: image})
        with (
            torch.inference_mode(),
            blame(self._cell.method, "composing a query"),
            self._assembled.computation.autocast(),
        ):
            composed = compose_queries(self._composer, source, [REFERENCE], [self._texts(text)], 1)
        return composed.to(dtype=torch.float32)

    def set_gallery(self, images: Sequence[Picture]) -> None:
        """The candidates of :meth:`search`: N images, files or PIL images.

        Raises:
            DataError: a file is missing or cannot be decoded, or is listed twice.
        """
        named = by_name(images)
        pictures = Pictures(named)
        self._gallery = _Gallery(tuple(named), [pictures.digest(name) for name in named], self._embed(named))

    def search(self, image: Picture, text: Text, k: int = 20) -> list[Hit]:
        """The k best candidates for an image changed as the text says, best first.

        Raises:
            ConfigError: there are no candidates (:meth:`set_gallery`), or k is not positive.
            DataError: the image is missing or cannot be decoded.
        """
        gallery = self._gallery
        if gallery is None or not gallery.names:
            raise ConfigError("there are no images to search; name some with set_gallery(images).")
        if k < 1:
            raise ConfigError(f"k={k}: ask for at least one image.")
        truth = Truth((), excluded=self._excluded(gallery, image))
        part = EvalPart((EvalQuery(QUERY, REFERENCE, self._texts(text)),), tuple(gallery.names), {QUERY: truth})
        device = self._assembled.computation.device
        source = self._source({REFERENCE: image})
        with blame(self._cell.method, "ranking the gallery"):
            ranking = rank_part(
                self._composer,
                source,
                part,
                gallery.embedding.to(device),
                device=device,
                autocast=self._assembled.computation.autocast,
                top_k=min(k, len(gallery.names)),
            ).gallery
        assert ranking.top_scores is not None
        scores = ranking.top_scores[0].tolist()
        return [Hit(name, score) for name, score in zip(ranking.top_ids[0], scores, strict=False)]

    def _embed(self, pictures: Mapping[str, Picture]) -> Embedding:
        """The embeddings of N images by name."""
        if not pictures:
            raise ConfigError("there are no images to embed; name at least one.")
        source = self._source(pictures)
        with blame(self._cell.method, "embedding images"):
            return embed_images(self._composer, source, list(pictures), self._assembled.computation.autocast)

    def _source(self, pictures: Mapping[str, Picture]) -> _Source:
        needs = self._cell.needs
        live = LiveSource(self._encoders, Pictures(pictures).ref, needs.image, needs.text)
        return _Source(live, self._plainly)

    def _texts(self, text: Text) -> tuple[str, ...]:
        captions = (text,) if isinstance(text, str) else tuple(text)
        found = query_texts(QUERY, captions, self._cell.protocol, {})
        return found[0].texts if found else ("",)

    def _excluded(self, gallery: _Gallery, image: Picture) -> tuple[str, ...]:
        """The candidates that are the query's own image: the file of that name or, failing that, of its content."""
        if self._cell.protocol.reference != "removed":
            return ()
        if not isinstance(image, Image.Image) and str(image) in gallery.names:
            return (str(image),)
        digest = Pictures({REFERENCE: image}).digest(REFERENCE)
        return tuple(name for name, one in zip(gallery.names, gallery.digests, strict=True) if one == digest)


@dataclass(frozen=True)
class _Source:
    """A `FeatureSource` whose encoder runs inside ``context``."""

    live: LiveSource
    context: Callable[[], AbstractContextManager[None]]

    def images(self, ids: Sequence[str]) -> Features:
        with self.context():
            return self.live.images(ids)

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        with self.context():
            return self.live.texts(texts)
