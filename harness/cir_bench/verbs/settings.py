"""`Settings`: which plugins are loaded, and where data and derived files are; the same for all verbs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, cast

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.specs import Context
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry

CACHE = Path("~/.cache/cir-bench")
STDOUT = Path("-")
"""As a file to write: standard output."""
TERMINAL = "terminal"
"""The plugin that shows a run's progress."""


@dataclass(frozen=True)
class Settings:
    """The options that every verb has."""

    plugins: PluginOptions
    data_root: Path | None
    cache_dir: Path
    follow_links: bool = False

    def context(self, dataset: str = "", seed: int = 0) -> Context:
        """What data sets and encoders are constructed with; `ConfigError` if the data root does not exist."""
        check_data_root(self.data_root)
        return Context(self.data_root, self.cache_dir, dataset, seed, self.follow_links)

    def without(self, plugin: str) -> Settings:
        """The same, with this plugin left out."""
        return replace(self, plugins=replace(self.plugins, without=self.plugins.without | {plugin}))

    def load(self, config: Path | None = None) -> Registry:
        """The plugins, also those of ``cir_bench_plugins.py`` next to ``config``."""
        return load_plugins(replace(self.plugins, config=config))


class Loading(TypedDict, total=False):
    """The options that every verb has, as arguments in Python.

    ``plugin``: single-file plugins, besides the installed ones; ``no_plugins`` loads no third-party plugins,
    ``only_plugins`` only these, and ``without_plugins`` all but these. ``data_root`` (default: ``CIR_BENCH_DATA``) has
    a folder for each data set, ``cache_dir`` (default: ``CIR_BENCH_CACHE``) holds features and other derived files;
    ``follow_links`` allows links out of a data set's folder.
    """

    plugin: str | Path | Sequence[str | Path]
    no_plugins: bool
    only_plugins: str | Sequence[str]
    without_plugins: str | Sequence[str]
    data_root: str | Path | None
    cache_dir: str | Path
    follow_links: bool


def settings_of(verb: str, loading: Loading) -> Settings:
    """The settings of a call in Python; ``TypeError`` for an argument that does not exist, as Python itself raises."""
    given: Mapping[str, Any] = cast(Mapping[str, Any], loading)
    for name in given:
        if name not in Loading.__annotations__:
            raise TypeError(f"{verb}() has no argument {name!r}; {did_you_mean(name, Loading.__annotations__)}")
    root = given.get("data_root") or os.environ.get("CIR_BENCH_DATA") or None
    return Settings(
        plugins=PluginOptions(
            files=tuple(map(Path, several(given.get("plugin")))),
            third_party=not given.get("no_plugins", False),
            only=frozenset(several(given.get("only_plugins"))) or None,
            without=frozenset(several(given.get("without_plugins"))),
        ),
        data_root=folder_of("data_root", root) if root else None,
        cache_dir=folder_of("cache_dir", given.get("cache_dir") or os.environ.get("CIR_BENCH_CACHE") or CACHE),
        follow_links=given.get("follow_links", False),
    )


def several(given: Any) -> tuple[Any, ...]:
    """One name or path, several, or none, as a tuple; `ConfigError` for anything else."""
    if given is None:
        return ()
    if isinstance(given, (str, Path)):
        return (given,)
    found = tuple(given) if isinstance(given, Iterable) else (given,)
    if all(isinstance(one, (str, Path)) for one in found):
        return found
    raise ConfigError(f"{given!r:.60} is neither a name nor a list of names.")


def folder_of(name: str, given: Any) -> Path:
    """A path that an argument names; `ConfigError` if it is none."""
    if isinstance(given, (str, Path)):
        return Path(given).expanduser()
    raise ConfigError(f"{name}={given!r:.60} is not a path.")


def check_data_root(path: Path | None) -> None:
    """`ConfigError` if there is no such folder."""
    if path is not None and not path.is_dir():
        raise ConfigError(f"--data-root {path}: there is no such folder; it must have one folder per data set.")


def refuse_stdout(option: str, folder: Path | None) -> None:
    """`ConfigError` for ``-`` in the place of a folder."""
    if folder == STDOUT:
        raise ConfigError(f"{option} -: several files are written, which standard output cannot take; name a folder.")


def problems_of(registry: Registry) -> list[str]:
    """A sentence for each plugin that could not be loaded, or changed something while it was loaded."""
    return [*map(str, registry.problems), *registry.changes]
