"""Finding plugins: the entry point group ``cir_bench`` and single files. None is imported here."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from cir_bench.errors import ConfigError
from cir_bench.plugin.hookspecs import GROUP
from cir_bench.plugin.owner import CORE, Owner, normalised

BESIDE_CONFIG = "cir_bench_plugins.py"
"""A file of this name in the folder of ``--config`` is loaded with it."""


@dataclass(frozen=True)
class Candidate:
    """A plugin that could be loaded."""

    owner: Owner
    module: str
    """The module that its entry point names; for a single file, its name in ``sys.modules``."""
    load: Callable[[], object]

    def called(self, names: Iterable[str]) -> bool:
        """Whether one of ``names`` means this plugin."""
        return any(map(self.owner.called, names))


def installed() -> list[Candidate]:
    """Every entry point of the group."""
    points = metadata.entry_points(group=GROUP)
    by_dist = {id(point.dist): point.dist for point in points}
    # metadata is parsed at every access, so read it once for each distribution
    facts: dict[int, Any] = {key: getattr(dist, "metadata", None) or {} for key, dist in by_dist.items()}
    return [_from_entry_point(point, facts[id(point.dist)]) for point in points]


def in_order(found: Iterable[Candidate]) -> list[Candidate]:
    """Built-in plugins first, so that no other takes their names; then by distribution and name."""
    return sorted(found, key=lambda c: (not c.owner.builtin, normalised(c.owner.distribution), c.owner.plugin))


def core_is_installed() -> bool:
    """Whether cir-bench has metadata; in a bare source folder it has not, and its plugins cannot be found."""
    try:
        metadata.distribution(CORE)
    except metadata.PackageNotFoundError:
        return False
    return True


def _from_entry_point(point: metadata.EntryPoint, found: Any) -> Candidate:
    """The candidate of an entry point; damaged metadata must not crash the program."""
    name, version = (found.get(key) for key in ("Name", "Version"))
    name = CORE if normalised(name or "") == CORE else name
    module = point.value.partition(":")[0].strip()
    return Candidate(Owner(name or "unknown distribution", version or "?", point.name), module, point.load)


def files(paths: Iterable[Path], config: Path | None) -> Iterator[Candidate]:
    """Single-file plugins: those of ``--plugin``, which must exist, and the one next to the configuration file."""
    wanted = list(paths)
    if config is not None and (beside := config.parent / BESIDE_CONFIG).is_file():
        wanted.append(beside)
    for path in dict.fromkeys(path.expanduser().resolve() for path in wanted):
        if path.suffix != ".py" or not path.is_file():
            raise ConfigError(f"--plugin {path}: there is no such Python file; give the path of a file ending in .py.")
        yield from_file(path)


def from_file(path: Path) -> Candidate:
    """A plugin in one file, with a digest of its content as the version, so that a change makes cells stale."""
    content = path.read_bytes()
    version = hashlib.sha256(content).hexdigest()[:12]
    where = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    module = f"cir_bench_file_{re.sub(r'[^0-9a-zA-Z_]', '_', path.stem)}_{where}"
    return Candidate(Owner(path.name, version, str(path)), module, lambda: _import_file(module, path))


def _import_file(name: str, path: Path) -> ModuleType:
    """Import a file; modules in its folder can be imported too, unless installed ones have their names."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # `implementation=f"{__name__}:Mine"` is looked up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
