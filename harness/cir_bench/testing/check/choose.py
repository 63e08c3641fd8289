"""What ``cir-bench check PLUGIN`` means: which objects of which plugins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.specs import MethodSpec, Spec
from cir_bench.plugin.candidates import normalised
from cir_bench.plugin.owner import Owner, PluginProblem
from cir_bench.plugin.registry import Registered, Registry


@dataclass(frozen=True)
class Target:
    """Objects to check, and the plugins that were meant but could not be loaded."""

    objects: tuple[Registered[Spec], ...]
    problems: tuple[PluginProblem, ...] = ()


def is_file(wanted: str) -> bool:
    """Whether the word is the path of a single-file plugin."""
    return wanted.endswith(".py") or Path(wanted).is_file()


def find_target(registry: Registry, wanted: str) -> Target:
    """The plugins (distributions, entry points, modules, files) of that name; else the objects of that name.

    Raises:
        ConfigError: nothing is called that; the nearest name is told.
    """
    problems = tuple(problem for problem in registry.problems if _is_of(problem.owner, wanted))
    # the composer of a method that consists of it is checked by the method's contract
    of_methods = [one.spec.composer for one in registry.all(MethodSpec).values()]
    everything = [one for kind in KINDS for one in registry.all(kind.spec).values() if one.spec not in of_methods]
    if problems or any(_is_of(owner, wanted) for owner in registry.plugins):
        return Target(tuple(one for one in everything if _is_of(one.owner, wanted)), problems)
    named = tuple(one for one in everything if one.name == wanted)
    if not named:
        raise ConfigError(f"no plugin and no object is called {wanted!r}; {_near(wanted, registry, everything)}")
    return Target(named)


def _is_of(owner: Owner, wanted: str) -> bool:
    if is_file(wanted):
        return owner.plugin == str(Path(wanted).expanduser().resolve())
    return normalised(wanted) in {normalised(owner.distribution), normalised(owner.plugin)}


def _near(wanted: str, registry: Registry, everything: Iterable[Registered[Spec]]) -> str:
    owners = [name for owner in registry.plugins for name in (owner.distribution, owner.plugin)]
    return did_you_mean(wanted, {*owners, *(one.name for one in everything)})
