"""Which plugins are loaded: all, none of third parties, some of them."""

from __future__ import annotations

from types import ModuleType

import pytest

from cir_bench import hookimpl
from cir_bench.errors import ConfigError
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.candidates import Candidate, installed
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.owner import CORE, Owner

SOURCE = """
from cir_bench import MethodSpec, hookimpl

@hookimpl
def cir_bench_methods():
    return [MethodSpec(name="{name}", summary="a method", implementation="a:B")]
"""


@pytest.fixture
def found(install):
    """Plugins ``core`` (ours), ``one`` and ``two`` of the distributions one-dist and two-dist."""
    for name in ("core", "one", "two"):
        install(f"{name}-dist", SOURCE.format(name=name), point=f"{name}.point")
    candidates = [candidate for candidate in installed() if not candidate.owner.builtin]
    return [
        Candidate(Owner(CORE, "0.1", c.owner.plugin), c.module, c.load) if c.module == "core_dist" else c
        for c in candidates
    ]


@pytest.mark.parametrize(
    ("options", "environ", "names"),
    [
        ({}, {}, ["core", "one", "two"]),
        ({"third_party": False}, {}, ["core"]),
        ({"only": frozenset({"one-dist"})}, {}, ["core", "one"]),
        ({"only": frozenset({"One_Dist"})}, {}, ["core", "one"]),
        ({"only": frozenset({"two.point"})}, {}, ["core", "two"]),
        ({"without": frozenset({"one-dist"})}, {}, ["core", "two"]),
        ({"without": frozenset({"core.point"})}, {}, ["one", "two"]),
        ({}, {"CIR_BENCH_PLUGINS_ALLOW": "one-dist, not-installed"}, ["core", "one"]),
        ({}, {"CIR_BENCH_PLUGINS_DENY": "one-dist,not-installed"}, ["core", "two"]),
        ({"only": frozenset({"two-dist"})}, {"CIR_BENCH_PLUGINS_ALLOW": "one-dist"}, ["core", "two"]),
        ({"only": frozenset({"one-dist"})}, {"CIR_BENCH_PLUGINS_DENY": "one-dist"}, ["core"]),
    ],
)
def test_names_of_distributions_or_plugins_choose(found, options, environ, names):
    registry = load_plugins(PluginOptions(**options), environ=environ, found=found)
    assert list(registry.all(MethodSpec)) == names


@pytest.mark.parametrize("key", ["only", "without"])
def test_a_name_that_is_not_installed_is_a_mistake(found, key):
    with pytest.raises(ConfigError, match=r"no plugin 'one-dits' is installed; did you mean 'one-dist'\?"):
        load_plugins(PluginOptions(**{key: frozenset({"one-dits"})}), environ={}, found=found)


def test_a_plugin_left_out_is_not_even_imported(install):
    install("bad-plugin", "1 / 0")
    found = [candidate for candidate in installed() if candidate.owner.distribution == "bad-plugin"]
    assert not load_plugins(PluginOptions(third_party=False), environ={}, found=found).problems
    assert load_plugins(PluginOptions(), environ={}, found=found).problems


def test_our_own_plugins_are_asked_once_and_others_every_time(monkeypatch):
    asked = []

    def candidate(distribution, version="1"):
        module = ModuleType(f"{distribution}_asked")
        module.cir_bench_losses = hookimpl(lambda: asked.append(distribution) or [], specname="cir_bench_losses")
        return Candidate(Owner(distribution, version, "asked"), module.__name__, lambda: module)

    found = [candidate(CORE), candidate("theirs")]
    for _ in range(2):
        assert not load_plugins(environ={}, found=found).problems
    assert sorted(asked) == [CORE, "theirs", "theirs"]
