"""Guarded loading: plugins in, `Registry` out. A broken plugin is reported, left out as a whole, and stops no other."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import pluggy

from cir_bench.errors import ConfigError, PluginError, did_you_mean
from cir_bench.interfaces.kinds import BENCHMARKS_HOOK, KINDS, kind_of
from cir_bench.interfaces.specs import MethodSpec, Spec
from cir_bench.interrupts import by_user
from cir_bench.plugin import candidates as look
from cir_bench.plugin.candidates import Candidate
from cir_bench.plugin.checks import check_api, check_benchmark, check_hooks
from cir_bench.plugin.deadline import OverdueError, deadline
from cir_bench.plugin.events import EVENT_HOOKS, new_manager
from cir_bench.plugin.guards import guarded
from cir_bench.plugin.owner import CORE, Owner, PluginProblem, PluginRejected
from cir_bench.plugin.registry import BenchmarkFile, Registered, Registry
from cir_bench.plugin.remedies import in_words, remedy_for_import
from cir_bench.plugin.spec_checks import check_spec

STRICT = "CIR_BENCH_STRICT"
ALLOW = "CIR_BENCH_PLUGINS_ALLOW"
DENY = "CIR_BENCH_PLUGINS_DENY"
MOST_ITEMS = 10_000
"""A hook that returns more is taken for endless."""
LOADING_SECONDS = 120.0
"""A plugin that takes longer to import and register is left out."""
NOT_INSTALLED = PluginProblem(
    Owner(CORE, "from a source folder", "built-in plugins"),
    "metadata",
    "cir-bench is imported but not installed, so its own plugins cannot be found",
    "run: pip install -e . in its folder",
)


@dataclass(frozen=True)
class PluginOptions:
    """Which plugins to load. They are named by distribution or by their own name."""

    files: tuple[Path, ...] = ()
    """Single-file plugins (``--plugin``), always loaded."""
    config: Path | None = None
    """The configuration file; a ``cir_bench_plugins.py`` next to it is loaded, too."""
    third_party: bool = True
    """False (``--no-plugins``): only built-in plugins and ``files``."""
    only: frozenset[str] | None = None
    """The third-party plugins that may be loaded; None: all."""
    without: frozenset[str] = frozenset()
    """Plugins that are not loaded, built-in ones included."""


@dataclass
class _Contribution:
    """What one plugin registers; kept apart until all of it has passed the checks."""

    plugin: object
    listens: bool
    """Whether it has a hook of an event."""
    specs: list[Registered[Spec]] = field(default_factory=list)
    benchmarks: list[BenchmarkFile] = field(default_factory=list)


_BUILT_IN: dict[Candidate, _Contribution] = {}
"""What built-in plugins registered, which is always the same."""


def load_plugins(
    options: PluginOptions | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    found: Iterable[Candidate] | None = None,
) -> Registry:
    """Load plugins: built-in ones, then by distribution, then single files.

    Args:
        options: which plugins; all by default.
        environ: has ``CIR_BENCH_STRICT``, ``CIR_BENCH_PLUGINS_ALLOW`` and ``CIR_BENCH_PLUGINS_DENY``.
        found: the installed plugins; by default those of the entry point group.

    `ConfigError` if ``options`` names a plugin or a file that does not exist; `PluginError` if a plugin is broken, and
    ``CIR_BENCH_STRICT`` is set.
    """
    options = options or PluginOptions()
    installed = look.in_order(look.installed() if found is None else found)
    strict = environ.get(STRICT, "").strip().lower() not in {"", "0", "false", "no"}
    owners: dict[tuple[str, str], Owner] = {}
    loaded: dict[Owner, _Contribution] = {}
    changes: list[str] = []
    problems = [NOT_INSTALLED] if found is None and not look.core_is_installed() else []
    for candidate in _chosen(installed, options, environ):
        try:
            contribution = _load(candidate, partial(_note, changes, candidate.owner))
            _refuse_duplicates(contribution, owners)
        except PluginRejected as refusal:
            problem = PluginProblem(candidate.owner, refusal.stage, refusal.message, refusal.remedy)
            if strict:
                raise PluginError(f"{problem} ({STRICT} is set).") from refusal
            problems.append(problem)
            continue
        loaded[candidate.owner] = contribution
        owners |= {(kind_of(one.spec).name, one.name): one.owner for one in contribution.specs}
    return Registry(
        registered=[one for contribution in loaded.values() for one in contribution.specs],
        benchmark_files=[one for contribution in loaded.values() for one in contribution.benchmarks],
        plugins=loaded,
        problems=problems,
        hooks=_hooks(loaded),
        changes=changes,
    )


def _note(changes: list[str], owner: Owner, what: str) -> None:
    changes.append(f"plugin {owner} changed {what} while it was loaded; it is restored.")


def _hooks(loaded: Mapping[Owner, _Contribution]) -> pluggy.PluginManager:
    """One manager with all plugins that listen to events, each registered by the name that messages use."""
    manager = new_manager()
    for owner, contribution in loaded.items():
        # two entry points may name one module
        if contribution.listens and not manager.is_registered(contribution.plugin):
            manager.register(contribution.plugin, str(owner))
    return manager


def _chosen(installed: list[Candidate], options: PluginOptions, environ: Mapping[str, str]) -> list[Candidate]:
    for name in sorted((options.only or frozenset()) | options.without):
        if not any(candidate.called([name]) for candidate in installed):
            names = {n for c in installed for n in (c.owner.distribution, c.owner.plugin)}
            raise ConfigError(f"no plugin {name!r} is installed; {did_you_mean(name, names)}")
    only = options.only if options.only is not None else _names(environ.get(ALLOW)) or None
    without = options.without | _names(environ.get(DENY))
    chosen = [
        candidate
        for candidate in installed
        if not candidate.called(without)
        and (candidate.owner.builtin or (options.third_party and (only is None or candidate.called(only))))
    ]
    return chosen + list(look.files(options.files, options.config if options.third_party else None))


def _names(text: str | None) -> frozenset[str]:
    return frozenset(name.strip() for name in (text or "").split(",") if name.strip())


def _load(candidate: Candidate, changed: Callable[[str], None]) -> _Contribution:
    """Everything that one plugin registers; ``changed`` is told what else it did. Code of built-in ones runs once."""
    if candidate.owner.builtin and candidate in _BUILT_IN:
        return _BUILT_IN[candidate]
    with guarded(changed):
        contribution = _load_one(candidate)
    if candidate.owner.builtin:
        _BUILT_IN[candidate] = contribution
    return contribution


def _load_one(candidate: Candidate) -> _Contribution:
    """Everything that one plugin registers, or `PluginRejected`.

    Its own plugin manager calls its hooks, so that it can be blamed and dropped alone. Its output goes to stderr,
    because stdout belongs to ``--json``.
    """
    stage = "import"
    try:
        with contextlib.redirect_stdout(sys.stderr), deadline(LOADING_SECONDS):
            plugin = candidate.load()
            stage = "register"
            return _contribution(plugin, candidate.owner)
    except PluginRejected:
        raise
    except OverdueError as error:
        message = f"it is not loaded after {LOADING_SECONDS:g} s"
        raise PluginRejected(stage, message, "do slow work when an object is constructed, not when it loads") from error
    except BaseException as error:  # attributes and specs of a plugin may raise anything, too
        if by_user(error):
            raise
        if stage == "import":
            message, remedy = remedy_for_import(error, candidate.owner, candidate.module)
        else:
            message, remedy = f"looking at it raised {in_words(error)}", "return plain specs from plain functions"
        raise PluginRejected(stage, message, remedy) from error


def _contribution(plugin: object, owner: Owner) -> _Contribution:
    check_api(plugin, owner)
    manager = new_manager()
    check_hooks(manager, plugin)
    manager.register(plugin, owner.plugin)
    listens = any(getattr(manager.hook, hook).get_hookimpls() for hook in EVENT_HOOKS.values())
    contribution = _Contribution(plugin, listens)
    for kind in KINDS:
        specs = [check_spec(kind, spec) for spec in _call(manager, kind.hook)]
        composers = [spec.composer for spec in specs if isinstance(spec, MethodSpec)]
        specs += [composer for composer in composers if composer is not None]
        contribution.specs += [Registered(spec, owner) for spec in specs]
    for path in _call(manager, BENCHMARKS_HOOK):
        contribution.benchmarks.append(BenchmarkFile(check_benchmark(path), owner))
    return contribution


def _call(manager: pluggy.PluginManager, name: str) -> list[object]:
    """Everything that a plugin's hook returns. Pluggy itself would drop None without a word."""
    items: list[object] = []
    try:
        for hook in getattr(manager.hook, name).get_hookimpls():
            result = hook.function()
            if isinstance(result, (str, Mapping, Spec)) or not isinstance(result, Iterable):
                returned = "None" if result is None else f"a {type(result).__name__}"
                message = f"{name} returned {returned}, not a list"
                raise PluginRejected("hook", message, "return a list, even of one")
            items += islice(result, MOST_ITEMS + 1)
    except PluginRejected:
        raise
    except BaseException as error:
        if by_user(error) or isinstance(error, OverdueError):
            raise
        raise PluginRejected("hook", f"{name} raised {in_words(error)}", "correct the function") from error
    if len(items) > MOST_ITEMS:
        message = f"{name} returned more than {MOST_ITEMS} objects"
        raise PluginRejected("hook", message, "return a finite list of specs")
    return items


def _refuse_duplicates(contribution: _Contribution, owners: Mapping[tuple[str, str], Owner]) -> None:
    taken = dict(owners)
    for one in contribution.specs:
        key = (kind_of(one.spec).name, one.name)
        if key in taken:
            message = f"{one} is already registered by {taken[key]}"
            remedy = "rename one of them, or leave one plugin out with --without-plugins"
            raise PluginRejected("duplicate", message, remedy)
        taken[key] = one.owner
