"""Bringing an index up to date with its folder: only new contents are embedded, and no photo is written to."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from cir_bench.errors import ConfigError, DataError
from cir_bench.features.live import ItemMemory
from cir_bench.features.store import Store
from cir_bench.interfaces.embedding import Embedding
from cir_bench.search.arrange import Progress, Wish, arranged
from cir_bench.search.arrays import arrays_of
from cir_bench.search.engine import Engine
from cir_bench.search.index import COLUMN, SCOPE, IndexFile, PhotoIndex
from cir_bench.search.photos import content_digests, image_files
from cir_bench.search.vectors.parts import Kind
from cir_bench.search.vectors.recall import ApproximateSearch
from cir_bench.utils.files import IMAGE_SUFFIXES

BATCH = 64
"""Images that are embedded together."""
SHARD = 1024
"""Most images in a shard."""
SHARD_SECONDS = 20.0
"""A shard is written at least this often, and so no more work is lost when the process is killed."""
DIGESTS = "digests.json"


@dataclass(frozen=True)
class Changes:
    """What an update found: paths below the folder, in order."""

    new: Sequence[str]
    changed: Sequence[str]
    gone: Sequence[str]
    unchanged: int
    unreadable: Mapping[str, str]
    """With the reasons."""
    approximate: ApproximateSearch | None = None
    """How it is searched; None: exactly."""

    @property
    def images(self) -> int:
        """How many are in the index now."""
        return len(self.new) + len(self.changed) + self.unchanged


def update(
    photos: Path,
    engine: Engine,
    out: Path,
    *,
    approximate: Literal["exact", "hnsw", "ivf"] | None = None,
    effort: int | None = None,
    follow_links: bool = False,
    progress: Progress = lambda *_: None,
) -> Changes:
    """Index the images of ``photos`` and its folders in ``out``, or bring that index up to date.

    ``approximate`` is how it shall be searched (by default as before, and a new one exactly), and ``effort`` how much
    of an approximate index is looked at (by default as much as finds enough, see ``recall.py``).

    Raises:
        ConfigError: ``photos`` is no folder or has no images, ``out`` is an index of other photos or another model, or
            cannot be searched in that way.
        DataError: the index is damaged.
        StorageError: the index cannot be written.
    """
    if not photos.is_dir():
        raise ConfigError(f"{photos} is not a folder; name the folder of the images.")
    root, index = photos.resolve(), PhotoIndex(out)
    if root == out.resolve():
        raise ConfigError(f"--out {out} is the folder of the images; name another one for the index.")
    if not _is_utf8(str(root)):
        raise ConfigError(f"the path {str(root)!r} is not UTF-8, so no index can name it; rename the folder.")
    before = _before(index, root)
    _wish(before, approximate, effort).check(engine)
    files, unreadable = image_files(root, out.resolve(), follow_links=follow_links)
    if not files and not unreadable and before is None:
        raise ConfigError(f"{photos} has no images ({', '.join(IMAGE_SUFFIXES)}); name the folder of the images.")
    store = index.begin(engine)
    with store.lock():
        before = _before(index, root)  # another command may have ended in the meantime
        wish = _wish(before, approximate, effort)
        digests = content_digests(files, out / DIGESTS, unreadable, partial(progress, "reading"))
        work = _Embedder(engine, store, files, digests, unreadable)
        work.run(progress)
        example = work.example
        now = IndexFile(
            photos=str(root),
            mark=engine.mark,
            weights=dict(example.weights) if example else {},
            reduce=example.reduce if example else None,
            images={name: digest for name, digest in digests.items() if name not in unreadable},
            unreadable=dict(sorted(unreadable.items())),
            approximate=before.approximate if before is not None and wish.kind == _kind(before) else None,
        )
        if now.images:
            wish.check(engine, example)
            now = arranged(index, store, engine, now, wish, progress)
        index.write(now)
    return _changes(before.images if before else {}, now)


def _before(index: PhotoIndex, root: Path) -> IndexFile | None:
    """The index as it is; `ConfigError` if it is of other photos."""
    before = index.read()
    if before is not None and before.photos != str(root):
        raise ConfigError(
            f"{index.folder} is an index of {before.photos}; name another folder with --out, or delete it."
        )
    return before


def _kind(before: IndexFile | None) -> Kind | None:
    return before.approximate.kind if before is not None and before.approximate else None


def _wish(before: IndexFile | None, approximate: Literal["exact"] | Kind | None, effort: int | None) -> Wish:
    """How it shall be searched: as before, unless that is asked for."""
    return Wish(_kind(before) if approximate is None else None if approximate == "exact" else approximate, effort)


class _Embedder:
    """Embeds the contents that the store lacks; images that cannot be decoded are added to ``unreadable``."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        files: Mapping[str, Path],
        digests: Mapping[str, str],
        unreadable: dict[str, str],
    ) -> None:
        self._engine, self._store, self._files, self._unreadable = engine, store, files, unreadable
        self._names: dict[str, list[str]] = {}
        for name, digest in digests.items():
            self._names.setdefault(digest, []).append(name)
        self._items: list[str] = []  # of the shard that is being filled
        self._parts: list[Embedding] = []
        self._written = time.monotonic()
        self.example: Embedding | None = None
        """One image's embedding, if there is any."""

    def run(self, progress: Progress) -> None:
        """Embed, and write shards."""
        items = list(self._names)
        missing = self._store.find(items, COLUMN, SCOPE).missing
        self._store.sweep()
        wanted = [item for item, lacks in zip(items, missing, strict=True) if lacks]
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                self._add(batch, threads)
                if len(self._items) >= SHARD or time.monotonic() - self._written > SHARD_SECONDS:
                    self._write()
                progress("embedding", start + len(batch), len(wanted))
            self._write()
            for item in items if self.example is None else ():
                self._add([item], threads)
                if self.example is not None:
                    break

    def _write(self) -> None:
        if self._items:
            self._store.append(SCOPE, COLUMN, self._items, arrays_of(Embedding.cat(self._parts)))
        self._items, self._parts, self._written = [], [], time.monotonic()

    def _add(self, items: Sequence[str], threads: ThreadPoolExecutor) -> None:
        """Embed those of some contents that are readable."""
        memory = ItemMemory()
        readable = {}
        for item, problem in zip(
            items, threads.map(lambda item: self._read(self._names[item][0], memory), items), strict=True
        ):
            if problem:  # which names one file
                self._unreadable.update((name, self._read(name, memory) or problem) for name in self._names[item])
            else:
                readable[self._names[item][0]] = item
        if readable:
            embedding = self._engine.embed({name: self._files[name] for name in readable}, memory)
            self.example = embedding[:1]
            self._items += readable.values()
            self._parts.append(embedding)

    def _read(self, name: str, memory: ItemMemory) -> str:
        """Decode an image; what is wrong with it, or nothing."""
        try:
            self._engine.read(self._files, memory, name)
        except DataError as error:
            return str(error)
        return ""


def _is_utf8(text: str) -> bool:
    """Whether a text can be written: a name of a file in another encoding has halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _changes(before: Mapping[str, str], now: IndexFile) -> Changes:
    images = now.images
    return Changes(
        new=[name for name in images if name not in before],
        changed=[name for name, digest in images.items() if before.get(name, digest) != digest],
        gone=[name for name in before if name not in images],
        unchanged=sum(before.get(name) == digest for name, digest in images.items()),
        unreadable=now.unreadable,
        approximate=now.approximate if images else None,
    )
