"""The vectors by which an index is searched, written out of its embeddings; and its faiss indexes, if it has some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from cir_bench.errors import ConfigError, DataError, unwritable
from cir_bench.features.store import Store
from cir_bench.inference.gallery import UnitCandidates
from cir_bench.interfaces.embedding import Embedding
from cir_bench.retrieval.chunks import spans
from cir_bench.search.arrays import embedding_of
from cir_bench.search.engine import Engine
from cir_bench.search.index import COLUMN, SCOPE, IndexFile, PhotoIndex
from cir_bench.search.vectors.files import AGAIN
from cir_bench.search.vectors.parts import Kind, faiss
from cir_bench.search.vectors.recall import QUERIES, ApproximateSearch, measured, sample
from cir_bench.search.vectors.vectors import Vectors

BLOCK = 4096
"""Images whose embeddings are in memory at once."""
Progress = Callable[[str, int, int], None]
"""Called with (what is done, images so far, all images)."""


@dataclass(frozen=True)
class Wish:
    """How an index shall be searched. ``kind``: None for exactly; ``effort``: None for as much as finds enough."""

    kind: Kind | None = None
    effort: int | None = None

    def check(self, engine: Engine, candidates: Embedding | None = None) -> None:
        """`ConfigError` if a model cannot be searched so, or faiss is missing."""
        because = engine.exact_because(candidates) if self.kind else ""
        if because:
            raise ConfigError(
                f"{engine.record.cell.method!r} cannot be searched by {self.kind}: {because}; "
                "leave --approximate out, and every image is scored, as in the run."
            )
        if self.kind:
            faiss()
        elif self.effort:
            raise ConfigError("--effort is of an approximate index; choose one with --approximate hnsw or ivf.")


def arranged(
    index: PhotoIndex, store: Store, engine: Engine, state: IndexFile, wish: Wish, progress: Progress
) -> IndexFile:
    """Write the vectors of a ``state`` whose embeddings are stored; the state with how it is searched.

    Raises:
        DataError: embeddings are missing or damaged.
        StorageError: they cannot be written.
    """
    vectors = Vectors.of(index.folder, state.mark, state.images.items())
    try:
        vectors.write(engine.reads, _blocks(index, store, state, progress), len(state.images))
        if wish.kind:
            vectors.arrange(wish.kind, partial(progress, f"building {wish.kind} of"))
    except OSError as error:
        raise unwritable(f"the index {index.folder}", error) from error
    state = state.model_copy(update={"vectors": vectors.key})
    approximate = _measured(index, vectors, engine, state, wish, progress) if wish.kind else None
    return state.model_copy(update={"approximate": approximate})


def _blocks(index: PhotoIndex, store: Store, state: IndexFile, progress: Progress) -> Iterator[Embedding]:
    """The embeddings of the images in their order."""
    digests = list(state.images.values())
    items = list(dict.fromkeys(digests))
    rows = store.find(items, COLUMN, SCOPE)
    if rows.missing.any():
        raise DataError(
            f"the embeddings of {int(rows.missing.sum())} images in {index.folder} are missing or damaged; {AGAIN}."
        )
    place = {item: number for number, item in enumerate(items)}
    places = np.array([place[digest] for digest in digests])
    for span in spans(len(places), BLOCK):
        yield embedding_of(rows, places[span].tolist(), state.weights, state.reduce)
        progress("arranging", span.stop, len(places))


def _measured(
    index: PhotoIndex, vectors: Vectors, engine: Engine, state: IndexFile, wish: Wish, progress: Progress
) -> ApproximateSearch:
    """The recall, measured again only if the images, the kind or the effort are others."""
    assert wish.kind is not None
    before = index.read()
    known = before.approximate if before is not None and before.vectors == vectors.key else None
    if known is not None and known.kind == wish.kind and wish.effort in {None, known.effort}:
        return known
    candidates = vectors.candidates(state.weights, state.reduce, engine.device)
    assert isinstance(candidates, UnitCandidates)
    return measured(candidates, _queries(engine, state, progress), vectors.approximate(wish.kind, 1), wish.effort)


def _queries(engine: Engine, state: IndexFile, progress: Progress) -> Embedding:
    found: list[Embedding] = []
    wanted = min(QUERIES, len(state.images))
    for name, text in sample(list(state.images)):
        if len(found) == wanted:
            break
        try:
            found.append(engine.compose(f"{state.photos}/{name}", text))
        except DataError:  # it is gone since it was indexed
            continue
        progress("composing queries from", len(found), wanted)
    if not found:
        raise DataError(f"no image in {state.photos} can be read, so no recall can be measured; index it again.")
    return Embedding.cat(found)
