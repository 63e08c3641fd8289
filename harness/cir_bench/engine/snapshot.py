"""`Snapshot`: which files of some folders changed since the last look, with their contents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cir_bench.runs.status import SCRATCH

LEFT_OUT = {"lock"}
LOOKS = 3
"""How often files are read again because they changed while they were read."""
Stamp = tuple[int, int]


class Snapshot:
    """The files below ``folders``, which begin with the name of their folder. What is there at first is no change."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._known = self._stamps()

    def changes(self) -> dict[str, bytes | None]:
        """Contents of new and changed files by name; None for those that are gone.

        A process may be writing meanwhile: files are read until two looks agree, or a few times.
        """
        found: dict[str, bytes | None] = {}
        for _ in range(LOOKS):
            stamps = self._stamps()
            changed = {name for name, stamp in stamps.items() if self._known.get(name) != stamp}
            found = {name: None for name in self._known if name not in stamps}
            for name in changed:
                try:
                    found[name] = self._path(name).read_bytes()
                except FileNotFoundError:
                    continue
            if self._stamps() == stamps:
                break
        self._known = {name: stamp for name, stamp in stamps.items() if name not in changed or name in found}
        return found

    def _path(self, name: str) -> Path:
        folder, _, rest = name.partition("/")
        return self._folders[folder] / rest

    def _stamps(self) -> dict[str, Stamp]:
        return dict(self._all())

    def _all(self) -> Iterator[tuple[str, Stamp]]:
        for prefix, folder in self._folders.items():
            for path in sorted(folder.rglob("*")):
                parts = path.relative_to(folder).parts
                if path.name in LEFT_OUT or path.name.endswith(".tmp") or (prefix == "out" and SCRATCH in parts):
                    continue
                try:
                    stat = path.stat()
                    if path.is_file():
                        yield f"{prefix}/{'/'.join(parts)}", (stat.st_mtime_ns, stat.st_size)
                except FileNotFoundError:
                    continue
