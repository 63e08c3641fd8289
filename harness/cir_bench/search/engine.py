"""`Engine`: a trained model that embeds images and answers queries by the code that measured it."""

from __future__ import annotations

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import torch

from cir_bench.errors import ConfigError
from cir_bench.features.extract import evaluating, read_item
from cir_bench.features.live import ItemMemory, LiveSource
from cir_bench.features.source import MAIN
from cir_bench.inference.embed import compose_queries
from cir_bench.inference.explain import ShownExplanation, explained
from cir_bench.inference.gallery import Candidates, GalleryForQueries
from cir_bench.inference.rank import embed_images, rank_part
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features
from cir_bench.plugin.registry import blame
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, Truth
from cir_bench.protocols.protocol import Protocol
from cir_bench.protocols.text import query_texts
from cir_bench.runs.assembly import AssembledCell
from cir_bench.runs.cell import Cell
from cir_bench.runs.recorded import check_data
from cir_bench.search.gallery import REFERENCE, Gallery, Hit
from cir_bench.search.model import Model
from cir_bench.search.pictures import Picture, Pictures
from cir_bench.search.sentence import sentence_of
from cir_bench.search.vectors.arrays import Read

QUERY = "query"
Text = str | Sequence[str]
"""A modification text, or several captions, which the protocol joins."""


class Engine:
    """A finished cell at work; texts are written, and queries' own images left out, as its protocol says.

    The template of the run is around texts, unless it needs the context of annotated queries (`sentence_of`).
    """

    def __init__(self, assembled: AssembledCell, model: Model) -> None:
        self._assembled, self._cell = assembled, assembled.cell
        self.record, self._fitted = model.record, model.fitted
        self._composer = assembled.method.composer
        trained = assembled.trainee.encoders
        self._sentence = sentence_of(self._cell)
        self._encoders = dict(trained) or {MAIN: assembled.bench.encoders.frozen(self._cell)}
        # features of a frozen encoder are extracted in full precision, whatever the precision of the run
        self._plainly: Callable[[], AbstractContextManager[None]]
        self._plainly = nullcontext if trained else lambda: evaluating(self._encoders[MAIN])

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._assembled.computation.device

    @property
    def reads(self) -> Read:
        """The vectors of candidates that a search reads."""
        factorises = self._composer.factorises
        return Read(units=factorises, raw=not factorises or self._composer.uses_gallery)

    def exact_because(self, candidates: Embedding | None = None) -> str:
        """Why all candidates must be scored, as the end of a sentence; nothing if some can be chosen by one vector."""
        if not self._composer.factorises:
            return "its score is a function of query and candidate that no vector stands for"
        if self._composer.uses_gallery:
            return "it refines queries with their neighbours among all images"
        if candidates is not None and candidates.several:
            return "an image has several vectors, of which the best counts"
        return ""

    @property
    def cell(self) -> Cell:
        """What was run."""
        return self._cell

    @property
    def protocol(self) -> Protocol:
        """That of the run."""
        return self._cell.protocol

    @property
    def model(self) -> Model:
        """The model that is at work."""
        trainee = self._assembled.trainee
        weights = trainee.modules(with_encoders=bool(trainee.encoders)).state_dict()
        return Model(self.record, weights, self._fitted)

    @cached_property
    def mark(self) -> str:
        """`mark_of` its model."""
        return mark_of(self.model)

    def dataset(self) -> Dataset:
        """The data set that it was measured on; `DataError` if that is not here, or not as it was."""
        check_data(self._cell, self.record, self._assembled.bench)
        return self._assembled.bench.datasets.of(self._cell)

    def read(self, pictures: Mapping[str, Picture], memory: ItemMemory, name: str) -> None:
        """Decode one image into ``memory``, for `embed`; `DataError` if it cannot be decoded."""
        memory.put(name, read_item(next(iter(self._encoders.values())), Pictures(pictures).ref(name)))

    def embed(self, pictures: Mapping[str, Picture], memory: ItemMemory | None = None) -> Embedding:
        """The embeddings of N images by name; ``memory`` may have some of them decoded."""
        if not pictures:
            raise ConfigError("there are no images to embed; name at least one.")
        source = self._source(pictures, memory)
        with blame(self._cell.method, "embedding images"):
            return embed_images(self._composer, source, list(pictures), self._assembled.computation.autocast)

    def compose(self, image: Picture, text: Text) -> Embedding:
        """The embedding of one query, before any refinement by a gallery (SADN)."""
        source = self._source({REFERENCE: image})
        with (
            torch.inference_mode(),
            blame(self._cell.method, "composing a query"),
            self._assembled.computation.autocast(),
        ):
            readings = [[(REFERENCE, one) for one in self._texts(text)]]
            composed = compose_queries(self._composer, source, readings, 1)
        return composed.to(dtype=torch.float32)

    def candidates(self, embedding: Embedding) -> Candidates:
        """Embedded images, ready to be searched any number of times."""
        return Candidates(embedding.to(self.device))

    def search(self, gallery: Gallery, image: Picture, text: Text, k: int) -> list[Hit]:
        """The k best candidates, best first; all are scored, or those that `Gallery.approximate` chooses."""
        if k < 1:
            raise ConfigError(f"k={k}: ask for at least one image.")
        excluded = self._excluded(gallery, image)
        reranker = self._assembled.method.reranker
        queries = None
        if gallery.approximate is not None:
            queries = self.compose(image, text)
            gallery = gallery.near(queries, max(k, reranker.k + 1 if reranker else 0) + len(excluded))
        query = EvalQuery(QUERY, REFERENCE, self._texts(text))
        part = EvalPart((query,), gallery.names, {QUERY: Truth((), excluded=excluded)})
        pictures = ChainMap({REFERENCE: image}, gallery.again if reranker else {})
        with blame(self._cell.method, "ranking the gallery"):
            ranking = rank_part(
                self._composer,
                self._source(pictures),
                part,
                gallery.candidates,
                device=self.device,
                autocast=self._assembled.computation.autocast,
                top_k=min(k, len(gallery.names)),
                reranker=reranker,
                row_of=gallery.row_of,
                queries=queries,
            ).gallery
        assert ranking.top_scores is not None
        scores = ranking.top_scores[0].tolist()
        return [Hit(name, score) for name, score in zip(ranking.top_ids[0], scores, strict=False)]

    @property
    def explains(self) -> bool:
        """Whether `explain` has something to show."""
        return self._composer.explains

    def explain(self, gallery: Gallery, image: Picture, text: Text) -> list[ShownExplanation]:
        """What the method shows of how a query came about."""
        query, view = EvalQuery(QUERY, REFERENCE, self._texts(text)), None
        if self._composer.uses_gallery:
            rows = [gallery.row_of[name] for name in self._excluded(gallery, image)]
            candidates = gallery.candidates
            view = GalleryForQueries(candidates, candidates.vectors, [rows], self._composer.scorer)
        with torch.inference_mode(), blame(self._cell.method, "explaining a query"):
            source = self._source({REFERENCE: image})
            return explained(self._composer, source, [query], gallery.names, view)[0]

    def _excluded(self, gallery: Gallery, image: Picture) -> tuple[str, ...]:
        return gallery.same(image) if self.protocol.reference == "removed" else ()

    def _source(self, pictures: Mapping[str, Picture], memory: ItemMemory | None = None) -> _Source:
        needs = self._cell.needs
        live = LiveSource(self._encoders, Pictures(pictures).ref, needs.image, needs.text, needs.joint, memory=memory)
        return _Source(live, self._plainly)

    def _texts(self, text: Text) -> tuple[str, ...]:
        captions = (text,) if isinstance(text, str) else tuple(text)
        if self._cell.needs.text_from:  # the run did not write an artefact's texts as its protocol says, either
            return captions or ("",)
        found = query_texts(QUERY, captions, self.protocol, {})
        return tuple(self._sentence.format(text=one) for one in (found[0].texts if found else ("",)))


def mark_of(model: Model) -> str:
    """A digest of everything that a model's embeddings depend on."""
    known = model.record.model_dump(mode="json", include={"cell", "ingredients"})
    digest = hashlib.sha256(json.dumps([known, model.fitted], sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.weights.items()):
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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

    def pairs(self, images: Sequence[str], texts: Sequence[str]) -> Features | None:
        with self.context():
            return self.live.pairs(images, texts)
