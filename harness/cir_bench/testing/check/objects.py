"""What ``cir-bench check PLUGIN`` means: which objects of which plugins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.specs import MethodSpec, Spec
from cir_bench.plugin.owner import Owner, PluginProblem
from cir_bench.plugin.registry import Registered, Registry


@dataclass(frozen=True)
class CheckedObjects:
    """Objects to check, and the plugins of that name that could not be loaded."""

    objects: tuple[Registered[Spec], ...]
    problems: tuple[PluginProblem, ...] = ()


def is_file(name: str) -> bool:
    """Whether a name is the path of a single-file plugin."""
    return name.endswith(".py") or Path(name).is_file()


def find_objects(registry: Registry, name: str) -> CheckedObjects:
    """The objects of the plugins (distributions, entry points, files) of that name, or else those of that name.

    `ConfigError` if there is nothing of that name; the nearest name is suggested.
    """
    problems = tuple(problem for problem in registry.problems if _is_of(problem.owner, name))
    # the composer of a method that consists of it is checked by the method's contract
    of_methods = [one.spec.composer for one in registry.all(MethodSpec).values()]
    everything = [one for kind in KINDS for one in registry.all(kind.spec).values() if one.spec not in of_methods]
    if problems or any(_is_of(owner, name) for owner in registry.plugins):
        return CheckedObjects(tuple(one for one in everything if _is_of(one.owner, name)), problems)
    named = tuple(one for one in everything if one.name == name)
    if not named:
        owners = [word for owner in registry.plugins for word in (owner.distribution, owner.plugin)]
        near = did_you_mean(name, {*owners, *(one.name for one in everything)})
        raise ConfigError(f"no plugin and no object is called {name!r}; {near}")
    return CheckedObjects(named)


def _is_of(owner: Owner, name: str) -> bool:
    if is_file(name):
        return owner.plugin == str(Path(name).expanduser().resolve())
    return owner.called(name)
