"""`Retriever`: the public face of a trained model that searches."""

from __future__ import annotations

from collections.abc import Sequence

from cir_bench.errors import ConfigError
from cir_bench.interfaces.embedding import Embedding
from cir_bench.records.record import RunRecord
from cir_bench.search.engine import Engine, Text
from cir_bench.search.gallery import Gallery, Hit
from cir_bench.search.pictures import Picture, Pictures, by_name


class Retriever:
    """A trained model; made by :func:`cir_bench.load`.

    Texts are written, and put into a template, as the protocol of the run says; a template that names the context of
    annotated queries (``{concept}``) is left out. A method that reads an artefact (CIReVL's descriptions of the target)
    gets the text in its place, as it is. The query's own image is removed from the candidates if the protocol removes
    it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._gallery: Gallery | None = None

    @property
    def record(self) -> RunRecord:
        """The record of the run that trained it."""
        return self._engine.record

    def encode_images(self, images: Sequence[Picture]) -> Embedding:
        """The embeddings of N candidate images, files or PIL images.

        Raises:
            DataError: a file is missing or cannot be decoded.
        """
        return self._engine.embed(by_name(images))

    def encode_query(self, image: Picture, text: Text) -> Embedding:
        """The embedding of one query, before any refinement by a gallery (SADN).

        Raises:
            DataError: a file is missing or cannot be decoded.
        """
        return self._engine.compose(image, text)

    def set_gallery(self, images: Sequence[Picture]) -> None:
        """The candidates of :meth:`search`: N images, files or PIL images.

        Raises:
            DataError: a file is missing or cannot be decoded, or is listed twice.
        """
        named = by_name(images)
        pictures = Pictures(named)
        candidates = self._engine.candidates(self._engine.embed(named))
        digests = tuple(pictures.digest(name) for name in named)
        self._gallery = Gallery(tuple(named), digests, candidates, named)

    def search(self, image: Picture, text: Text, k: int = 20) -> list[Hit]:
        """The k best candidates for an image changed as the text says, best first.

        Raises:
            ConfigError: there are no candidates (:meth:`set_gallery`), or k is not positive.
            DataError: the image is missing or cannot be decoded.
        """
        if self._gallery is None or not self._gallery.names:
            raise ConfigError("there are no images to search; name some with set_gallery(images).")
        return self._engine.search(self._gallery, image, text, k)
