"""`PhotoIndex`: the images of a folder and their embeddings by one model, on disk.

The files of an index::

    model/            the model, as `cir-bench export` writes it
    index.json        the images with the digests of their contents, and those that cannot be read
    digests.json      by which unchanged files are not read again
    photos/           the images of the model's benchmark, if no others were named
    <identity>/       the embeddings by content, in shards as those of the feature cache
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from cir_bench.atomic import replacing
from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import ConfigError, DataError, unwritable
from cir_bench.features.identity import Identity
from cir_bench.features.store import Scope, Store
from cir_bench.records.models import RecordModel
from cir_bench.records.record import mistakes_of
from cir_bench.seals import check_json, seal_json
from cir_bench.search.arrays import embedding_of
from cir_bench.search.engine import Engine, Gallery, mark_of
from cir_bench.search.folder import read_model, write_model

INDEX_FILE = "index.json"
MODEL_FOLDER = "model"
COLUMN = "embedding"
SCOPE: Scope = ("photos", "all")
MOST_BYTES = 4096 * MIB
AGAIN = "run `cir-bench index PHOTOS --out INDEX` again; embeddings that are there are kept"


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


class PhotoIndex:
    """An index in ``folder``; nothing is written before :meth:`begin`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / MODEL_FOLDER

    def read(self) -> IndexFile | None:
        """``index.json``; None if there is none, `DataError` if it is damaged."""
        path = self.folder / INDEX_FILE
        try:
            content = read_bounded(path, MOST_BYTES)
            parsed = parse_json(content)
            index = IndexFile.model_validate_json(content)
            check_json(parsed)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            reason = mistakes_of(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
            raise DataError(f"{path} is not a readable index ({reason}); delete it and {AGAIN}.") from error
        return index

    def searchable(self) -> IndexFile:
        """``index.json`` of an index with images; `ConfigError` if there is none."""
        index = self.read()
        if index is None and self.model.is_dir():
            raise ConfigError(f"the indexing of {self.folder} was not finished; {AGAIN}.")
        if index is None:
            raise ConfigError(f"{self.folder} is not an index; write one with `cir-bench index PHOTOS --out INDEX`.")
        if not index.images:
            raise ConfigError(f"{self.folder} has no image that could be read; {AGAIN}.")
        return index

    def begin(self, engine: Engine) -> Store:
        """Put the model into the folder, unless it is there; the store of its embeddings.

        Raises:
            ConfigError: the folder is of another model, or is not an index.
            StorageError: it cannot be written.
        """
        if not self.model.exists():
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise ConfigError(f"{self.folder} exists and is not an index; name a new folder with --out.")
            write_model(engine.model, engine.protocol, self.model)
        elif mark_of(read_model(self.model)) != engine.mark:
            raise ConfigError(f"{self.folder} was made with another model; name another folder with --out.")
        return self.store(engine)

    def store(self, engine: Engine) -> Store:
        """The store of the model's embeddings."""
        key = engine.record.cell
        identity = Identity(f"{key.method} on {key.encoder}", engine.mark, "", "1", "image")
        return Store(self.folder, identity, name="index", option="--out")

    def write(self, index: IndexFile) -> None:
        """Replace ``index.json``."""
        path = self.folder / INDEX_FILE
        try:
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(seal_json(index.model_dump_json()), indent=0), encoding="utf-8")
        except OSError as error:
            raise unwritable(f"the index {path}", error) from error

    def gallery(self, engine: Engine) -> Gallery:
        """The indexed images, by their whole paths.

        Raises:
            ConfigError: as of `searchable`.
            DataError: it is damaged, or of another model.
        """
        index = self.searchable()
        if index.mark != engine.mark:
            raise DataError(f"{self.folder} and the model in it do not belong together; index the images again.")
        digests = list(index.images.values())
        items = list(dict.fromkeys(digests))
        rows = self.store(engine).find(items, COLUMN, SCOPE)
        if rows.missing.any():
            raise DataError(
                f"the embeddings of {int(rows.missing.sum())} images in {self.folder} are missing or damaged; {AGAIN}."
            )
        place = {item: number for number, item in enumerate(items)}
        embedding = embedding_of(rows, [place[digest] for digest in digests], index.weights, index.reduce)
        names = tuple(str(Path(index.photos, name)) for name in index.images)
        return Gallery(names, tuple(digests), engine.candidates(embedding))
