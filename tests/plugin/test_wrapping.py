"""A method may be a wrapper of composers that it does not know: their needs become the needs of the cell."""

from __future__ import annotations

import pytest

from cir_bench.errors import ConfigError
from cir_bench.interfaces.levels import FeatureLevel, Needs
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.wrapping import needs_together, wrapped_composers

SOURCE = """
from cir_bench import ComposerSpec, MethodParams, MethodSpec, Needs, Params, hookimpl, levels

class Depth(Params):
    maps: int = 1

class Wrapping(MethodParams):
    inner: str = "deep"
    inner_params: dict[str, object] = {}

def deep_needs(params):
    return Needs(image=levels("maps"), text=levels("tokens"), map_levels=params.maps)

@hookimpl
def cir_bench_composers():
    return [ComposerSpec(name="deep", summary="s", implementation="a:B", params=Depth, needs=deep_needs, version="7")]

@hookimpl
def cir_bench_methods():
    own = Needs(image=levels("pooled"), text=levels(), same_width=True)
    return [
        MethodSpec(name="plain", summary="s", implementation="a:B"),
        MethodSpec(name="wrapper", summary="s", implementation="a:B", params=Wrapping, needs=own,
                   wraps=lambda params: {params.inner: params.inner_params}),
    ]
"""


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "wrappers.py").write_text(SOURCE)
    return load_plugins(PluginOptions(files=(tmp_path / "wrappers.py",)), environ={}, found=[])


def wrapped_with(registry, **values):
    spec = registry.find(MethodSpec, "wrapper").spec
    params = make_params(spec, values)
    found = wrapped_composers(registry, spec, params)
    return found, needs_together(spec, params, found)


def test_what_the_composer_needs_is_added_to_what_the_method_needs(registry):
    ((composer, _),), needs = wrapped_with(registry, inner_params={"maps": 3})
    assert (composer.name, composer.spec.version) == ("deep", "7")
    both = frozenset({FeatureLevel.POOLED, FeatureLevel.MAPS})
    assert needs == Needs(image=both, text=frozenset({FeatureLevel.TOKENS}), map_levels=3, same_width=True)


def test_a_method_that_wraps_nothing_needs_what_it_says(registry):
    spec = registry.find(MethodSpec, "plain").spec
    params = make_params(spec)
    assert wrapped_composers(registry, spec, params) == ()
    assert needs_together(spec, params, ()) == Needs()


def test_a_composer_nobody_registered_is_named_with_the_nearest(registry):
    with pytest.raises(ConfigError, match=r"no composer 'depp'.*deep"):
        wrapped_with(registry, inner="depp")


def test_a_parameter_it_does_not_have_is_named(registry):
    with pytest.raises(ConfigError, match=r"composer 'deep' has no parameter map; .*maps"):
        wrapped_with(registry, inner_params={"map": 2})
