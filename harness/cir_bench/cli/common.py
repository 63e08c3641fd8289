"""What every verb shares: options for paths and plugins, and the registry of what is installed."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, cast

import typer

from cir_bench.plugin.loader import PluginOptions
from cir_bench.plugin.registry import Registry
from cir_bench.verbs.settings import CACHE, Settings, problems_of

P = ParamSpec("P")
T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object.")]


def _settings(
    *,
    plugin: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE", help="A plugin in one Python file; may be given several times."),
    ] = None,
    no_plugins: Annotated[
        bool, typer.Option("--no-plugins", help="Load no third-party plugins, except with --plugin FILE.")
    ] = False,
    only_plugins: Annotated[
        str, typer.Option(metavar="A,B", help="Load only these third-party plugins (distributions or plugins).")
    ] = "",
    without_plugins: Annotated[str, typer.Option(metavar="A,B", help="Leave these plugins out.")] = "",
    data_root: Annotated[
        Path | None, typer.Option(envvar="CIR_BENCH_DATA", metavar="DIR", help="Folder with one folder per data set.")
    ] = None,
    cache_dir: Annotated[
        Path, typer.Option(envvar="CIR_BENCH_CACHE", metavar="DIR", help="For features and other derived files.")
    ] = CACHE,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Allow symbolic links that lead out of a data set's folder.")
    ] = False,
) -> Settings:
    options = PluginOptions(
        files=tuple(plugin or ()),
        third_party=not no_plugins,
        only=_names(only_plugins) or None,
        without=_names(without_plugins),
    )
    root = data_root.expanduser() if data_root is not None else None
    return Settings(options, root, cache_dir.expanduser(), follow_links)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def with_shared(make: Callable[..., T]) -> Callable[[Callable[Concatenate[T, P], None]], Callable[..., None]]:
    """A decorator that gives a verb the options of ``make``, and what ``make`` returns as its first argument.

    Typer reads a command's options from its signature, so the shared ones are appended to the verb's own.
    """

    def decorate(verb: Callable[Concatenate[T, P], None]) -> Callable[..., None]:
        shared = inspect.signature(make, eval_str=True).parameters
        own = dict(inspect.signature(verb, eval_str=True).parameters)
        own.pop(next(iter(own)))

        @functools.wraps(verb)
        def command(*args: Any, **options: Any) -> None:
            first = make(**{name: options.pop(name) for name in shared})
            cast(Callable[..., None], verb)(first, *args, **options)

        added = [p.replace(kind=p.KEYWORD_ONLY) for p in shared.values()]
        parameters = sorted([*own.values(), *added], key=lambda parameter: parameter.kind)
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by inspect.signature
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        del command.__wrapped__  # otherwise get_type_hints would read the verb's own module
        return command

    return decorate


with_settings = with_shared(_settings)
"""Gives a verb the options that all verbs have, as a `Settings`."""


def open_registry(settings: Settings, *, config: Path | None = None, quiet: bool = False) -> Registry:
    """Load the plugins, also ``cir_bench_plugins.py`` next to ``config``; unless ``quiet``, print their problems."""
    registry = settings.load(config)
    for sentence in () if quiet else problems_of(registry):
        print(f"cir-bench: {sentence}", file=sys.stderr)
    return registry
