"""`PhotoIndex`: the images of a folder and their embeddings by one model, on disk.

The files of an index::

    model/            the model, as `cir-bench export` writes it
    index.json        the images with the digests of their contents, and those that cannot be read
    digests.json      by which unchanged files are not read again
    photos/           the images of the model's benchmark, if no others were named
    <identity>/       the embeddings by content, in shards as those of the feature cache
    vectors/          what is searched: the vectors of the images in their order, mapped into memory
    approximate/      which vectors the entries of the faiss indexes in parts/ are, if it is searched by them
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from cir_bench.atomic import is_temporary
from cir_bench.errors import CirBenchError, ConfigError, DataError, unwritable
from cir_bench.features.identity import Identity
from cir_bench.features.store import Scope, Store
from cir_bench.records.models import RecordModel
from cir_bench.search.engine import Engine, mark_of
from cir_bench.search.folder import read_model, write_model
from cir_bench.search.gallery import Gallery
from cir_bench.search.vectors.files import AGAIN, read_sealed, write_sealed
from cir_bench.search.vectors.recall import ApproximateSearch
from cir_bench.search.vectors.vectors import Vectors

INDEX_FILE = "index.json"
MODEL_FOLDER = "model"
COLUMN = "embedding"
SCOPE: Scope = ("photos", "all")


class IndexFile(RecordModel):
    """``index.json``; its last key is the digest of the others (`cir_bench.seals`)."""

    format: Literal[1] = 1
    photos: str
    """The folder of the images."""
    mark: str
    """`Engine.mark` of the model."""
    weights: dict[str, float] = Field(default_factory=dict)
    """`Embedding.weights` of the candidates."""
    reduce: Literal["max"] | None = None
    """`Embedding.reduce`."""
    images: dict[str, str] = Field(default_factory=dict)
    """Digest of the content by path below ``photos``."""
    unreadable: dict[str, str] = Field(default_factory=dict)
    """Why an image is left out, by path."""
    vectors: str = Field("", pattern="^([0-9a-f]{24})?$")
    """The folder of the vectors below ``vectors/``."""
    approximate: ApproximateSearch | None = None
    """None: a search scores every image."""


class PhotoIndex:
    """An index in ``folder``; nothing is written before :meth:`begin`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / MODEL_FOLDER

    def read(self) -> IndexFile | None:
        """``index.json``; None if there is none, `DataError` if it is damaged."""
        path = self.folder / INDEX_FILE
        return read_sealed(path, IndexFile, f"delete it and {AGAIN}")

    def searchable(self) -> IndexFile:
        """``index.json`` of an index with images; `ConfigError` if there is none."""
        index = self.read()
        if index is None and self.model.is_dir():
            raise ConfigError(f"the indexing of {self.folder} was not finished; {AGAIN}.")
        if index is None:
            out = "INDEX" if self.folder.exists() else self.folder  # a folder of something else is refused, too
            raise ConfigError(
                f"{self.folder} is not an index; name one, or write it: cir-bench index PHOTOS --from RUN --out {out}"
            )
        if not index.images:
            raise ConfigError(f"{self.folder} has no image that could be read; {AGAIN}.")
        return index

    def begin(self, engine: Engine) -> Store:
        """Put the model into the folder, unless it is there; the store of its embeddings.

        Another command may put it there at the same time: then it is that command's.

        Raises:
            ConfigError: the folder is of another model, or is not an index.
            StorageError: it cannot be written.
        """
        if not self._written(engine) and mark_of(read_model(self.model)) != engine.mark:
            raise ConfigError(f"{self.folder} was made with another model; name another folder with --out.")
        return self.store(engine)

    def _written(self, engine: Engine) -> bool:
        """Write the model; False if there is one."""
        if self.model.exists():
            return False
        try:
            if self.folder.exists() and (
                not self.folder.is_dir() or not all(is_temporary(one.name) for one in self.folder.iterdir())
            ):
                raise ConfigError(f"{self.folder} exists and is not an index; name a new folder with --out.")
            write_model(engine.model, engine.cell, self.model)
        except CirBenchError:
            if self.model.exists():  # another command was faster
                return False
            raise
        return True

    def store(self, engine: Engine) -> Store:
        """The store of the model's embeddings."""
        key = engine.record.cell
        identity = Identity(f"{key.method} on {key.encoder}", engine.mark, "", "1", "image")
        return Store(self.folder, identity, name="index", option="--out")

    def write(self, index: IndexFile) -> None:
        """Replace ``index.json``, and remove the vectors of earlier states."""
        path = self.folder / INDEX_FILE
        try:
            write_sealed(path, index)
        except OSError as error:
            raise unwritable(f"the index {path}", error) from error
        if index.vectors:
            Vectors(self.folder, index.vectors).sweep(index.approximate.kind if index.approximate else None)

    def gallery(self, engine: Engine, *, exact: bool = False) -> Gallery:
        """The indexed images, by their whole paths; with ``exact`` all are scored, whatever the index has.

        Raises:
            ConfigError: as of `searchable`; or it is searched by faiss, which is not installed.
            DataError: it is damaged, of another model, or of an earlier version.
        """
        index = self.searchable()
        if index.mark != engine.mark:
            raise DataError(f"{self.folder} and the model in it do not belong together; index the images again.")
        if not index.vectors:
            raise DataError(f"{self.folder} was written by an earlier version of cir-bench; {AGAIN}.")
        vectors, approximate = Vectors(self.folder, index.vectors), None if exact else index.approximate
        names = tuple(str(Path(index.photos, name)) for name in index.images)
        candidates = vectors.candidates(index.weights, index.reduce, engine.device)
        chosen = vectors.approximate(approximate.kind, approximate.effort) if approximate else None
        return Gallery(names, tuple(index.images.values()), candidates, approximate=chosen)
