"""Files that come back from workers: only results of the job's own cells, and features, are written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from cir_bench.atomic import replacing
from cir_bench.engine.request import OUT
from cir_bench.records.record import RECORD_FILE
from cir_bench.runs.cell import Cell
from cir_bench.runs.status import CHECKPOINTS


class Home:
    """Below ``out`` and ``cache_dir``."""

    def __init__(self, out: Path, cache_dir: Path) -> None:
        self._out, self._cache = out, cache_dir

    def of_cell(self, cell: Cell, files: Mapping[str, bytes | None]) -> None:
        """Write what a cell's job wrote, its record last; delete the checkpoints that it deleted."""
        prefix, folder = cell.folder(Path(OUT)), cell.folder(self._out)
        placed = {name: _below(name, prefix) for name in files}
        for name in sorted(placed, key=_order):
            place, content = placed[name], files[name]
            if place is None:
                continue
            if content is not None:
                _write(folder / place, content)
            elif place.parts[0] == CHECKPOINTS:
                with suppress(OSError):
                    (folder / place).unlink(missing_ok=True)

    def of_features(self, files: Mapping[str, bytes | None]) -> None:
        """Write features into the cache; a shard before the manifest that announces it."""
        for name in sorted(files, key=lambda name: (name.endswith(".json"), name)):
            place, content = _below(name, PurePosixPath("cache/features")), files[name]
            if place is not None and content is not None and not (self._cache / "features" / place).exists():
                _write(self._cache / "features" / place, content)


def _order(name: str) -> tuple[bool, bool, str]:
    """The record comes last, and before it what a training continues from, since it names the weights."""
    last = PurePosixPath(name).name
    return last == RECORD_FILE, last == "last.pt", name


def _below(name: str, folder: PurePosixPath | Path) -> PurePosixPath | None:
    """The rest of a name that is inside ``folder``, otherwise None."""
    path = PurePosixPath(name)
    if ".." in path.parts or not path.is_relative_to(folder) or path == PurePosixPath(folder):
        return None
    return path.relative_to(folder)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
