"""`Store`: the shards of one identity. Finds rows by item digest, adds shards, removes damaged ones."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from cir_bench.atomic import replacing
from cir_bench.errors import StorageError
from cir_bench.features import shard as files
from cir_bench.features.identity import Identity
from cir_bench.features.shard import Array, DamagedShardError, Manifest, Shard
from cir_bench.ranks.group import ALONE, Ranks

PATIENCE = 2.0
"""Seconds of waiting for another process after which the log says so."""

_LOG = logging.getLogger(__name__)


class CacheWarning(UserWarning):
    """Something in the feature cache was damaged and has been repaired."""


@dataclass
class RowLocations:
    """Where one column's rows of n items are: ``[n]`` indices into ``shards`` (-1: missing), ``[n]`` rows within."""

    shard: Array
    row: Array
    shards: list[Shard] = field(default_factory=list)

    @property
    def missing(self) -> Array:
        """``[n]`` bool."""
        return np.asarray(self.shard < 0)


Scope = tuple[str, str]
"""(data set, split)."""


class Store:
    """The folder of one identity. Reading needs no lock; hold :meth:`lock` to add or remove.

    Messages call it ``name``, and ``option`` chooses another place.
    """

    def __init__(
        self, root: Path, identity: Identity, *, name: str = "feature cache", option: str = "--cache-dir"
    ) -> None:
        self.identity = identity
        self._name, self._option = name, option
        self.folder = root / identity.digest()[:20]
        self._manifests: dict[tuple[Path, int, int], Manifest] = {}
        self._opened: dict[tuple[Path, int, int], Shard | DamagedShardError] = {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the identity's lock: one process at a time encodes, and others then find its rows."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "identity.json").exists():
                with replacing(self.folder / "identity.json") as temporary:
                    temporary.write_text(json.dumps(asdict(self.identity), indent=2), encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            _LOG.warning("waiting for another process that encodes features of %s", self.identity.encoder)
            lock.acquire()
        except (OSError, NotImplementedError) as error:  # a file system without locks
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def find(self, items: Sequence[str], column: str, scope: Scope, *, check: bool = True) -> RowLocations:
        """Where ``items`` (unique digests) are in ``column``: searches ``scope`` first, then every other scope.

        ``check`` compares the checksum of every shard that is used (once per process). Without it (for counting), a
        valid manifest and the right size are enough, and ``shards`` stays empty.
        """
        wanted = {item: position for position, item in enumerate(items)}
        rows = RowLocations(np.full(len(items), -1), np.zeros(len(items), dtype=np.int64))
        used = 0
        for path in self._paths(column, scope):
            if not wanted:
                break
            try:
                manifest = self._manifest(path)
                here = [(row, item) for row, item in enumerate(manifest.items) if item in wanted]
                if not here:
                    continue
                if check:
                    rows.shards.append(self._open(path, manifest))
            except DamagedShardError:
                continue
            for row, item in here:
                position = wanted.pop(item, None)
                if position is not None:
                    rows.shard[position], rows.row[position] = used, row
            used += 1
        return rows

    def append(
        self, scope: Scope, column: str, items: Sequence[str], arrays: Mapping[str, Array], ranks: Ranks = ALONE
    ) -> None:
        """Add one shard with ``arrays`` ``[n, ...]`` for n items. The caller, or its first rank, holds the lock."""
        folder = self._scope_folder(scope) / column
        try:
            taken = [int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdigit()]
            free = max(taken, default=-1) + 1
            free += (ranks.number - free) % ranks.size  # ranks write at the same time, and each has numbers of its own
            files.write(folder / f"{free:05d}.safetensors", tuple(items), arrays)
        except OSError as error:
            raise self._unwritable(error) from error

    def sweep(self) -> None:
        """Remove the shards that :meth:`find` found damaged, with a warning. The caller holds the lock."""
        files_of_shards = [*self.folder.glob("*/*/*/*.safetensors"), *self.folder.glob("*/*/*/*.json")]
        for path in sorted({path.with_suffix(".safetensors") for path in files_of_shards}):
            try:
                self._manifest(path)
                seen = self._opened.get(_stamp(path))
                if isinstance(seen, DamagedShardError):
                    raise seen
            except DamagedShardError as why:
                message = f"{self._name}: {path} cannot be used: {why}; it is removed and its items are encoded again."
                warnings.warn(message, CacheWarning, stacklevel=2)
                try:
                    path.unlink(missing_ok=True)
                    path.with_suffix(".json").unlink(missing_ok=True)
                except OSError as error:
                    raise self._unwritable(error) from error

    def _scope_folder(self, scope: Scope) -> Path:
        return self.folder / _safe(scope[0]) / _safe(scope[1])

    def _paths(self, column: str, scope: Scope) -> Iterator[Path]:
        own = self._scope_folder(scope)
        yield from sorted((own / column).glob("*.safetensors"))
        for folder in sorted(self.folder.glob("*/*")):
            if folder != own:
                yield from sorted((folder / column).glob("*.safetensors"))

    def _manifest(self, path: Path) -> Manifest:
        key = _stamp(path.with_suffix(".json"))
        if key not in self._manifests:
            self._manifests[key] = files.read_manifest(path)
        return self._manifests[key]

    def _open(self, path: Path, manifest: Manifest) -> Shard:
        key = _stamp(path)
        if key not in self._opened:
            try:
                self._opened[key] = files.open_checked(path, manifest)
            except DamagedShardError as error:
                self._opened[key] = error
        shard = self._opened[key]
        if isinstance(shard, DamagedShardError):
            raise shard
        return shard

    def _unwritable(self, error: OSError | NotImplementedError) -> StorageError:
        why = getattr(error, "strerror", None) or error
        where = getattr(error, "filename", None) or self.folder
        return StorageError(
            f"the {self._name} {where} cannot be written: {why}; "
            f"free some space, or choose another folder with {self._option}."
        )


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise DamagedShardError(f"{path.name} is missing") from error
    return path, stat.st_mtime_ns, stat.st_size


def _safe(name: str) -> str:
    """``name`` as one folder name; a name that had to be changed gets a digest, so that names stay distinct."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    return plain if plain == name and plain else f"{plain or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
