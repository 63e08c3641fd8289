"""A method may be a wrapper of composers that it does not know: their needs become the needs of the cell."""

from __future__ import annotations

import re

import pytest

from cir_bench.errors import ConfigError
from cir_bench.interfaces.levels import FeatureLevel, Needs, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import EncoderSpec, MethodSpec
from cir_bench.params.models import MethodParams, NoParams
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.needs import needs_of, needs_together, provides_of, wrapped_composers
from cir_bench.plugin.owner import BlamedPluginError, Owner
from cir_bench.plugin.registry import Registered
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve

OWNER = Owner("their-plugin", "2.0", "odd")
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
    method = registry.method("wrapper")
    params = make_params(method.spec, values)
    found = wrapped_composers(registry, method, params)
    return found, needs_together(method, params, found)


def test_what_the_composer_needs_is_added_to_what_the_method_needs(registry):
    ((composer, _),), needs = wrapped_with(registry, inner_params={"maps": 3})
    assert (composer.name, composer.spec.version) == ("deep", "7")
    both = frozenset({FeatureLevel.POOLED, FeatureLevel.MAPS})
    assert needs == Needs(image=both, text=frozenset({FeatureLevel.TOKENS}), map_levels=3, same_width=True)


def test_a_method_that_wraps_nothing_needs_what_it_says(registry):
    method = registry.method("plain")
    params = make_params(method.spec)
    assert wrapped_composers(registry, method, params) == ()
    assert needs_together(method, params, ()) == Needs()


def test_a_composer_nobody_registered_is_named_with_the_nearest(registry):
    with pytest.raises(ConfigError, match=r"no composer 'depp'.*deep"):
        wrapped_with(registry, inner="depp")


def test_a_parameter_it_does_not_have_is_named(registry):
    with pytest.raises(ConfigError, match=r"composer 'deep' has no parameter map; .*maps"):
        wrapped_with(registry, inner_params={"map": 2})


def raises(params):
    raise KeyError("maps")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (raises, r"while saying what it needs: KeyError: 'maps'"),
        (lambda params: None, r"it returned None; write cir_bench\.Needs"),
        (lambda params: Provides(), r"it returned a Provides; write cir_bench\.Needs"),
        (lambda params: Needs(map_levels=0), r"it returned Needs with map_levels=0; write how many maps"),
        (lambda params: Needs(triplets=False), r"triplets=False; write triplets=True alone, or .* texts=True"),
        (Needs, r"it returned Needs with image="),
    ],
)
def test_needs_that_cannot_be_used_are_blamed_on_the_plugin(function, said):
    method = Registered(MethodSpec(name="odd", summary="s", implementation="a:B", needs=function), OWNER)
    with pytest.raises(BlamedPluginError, match=rf"method 'odd' of plugin 'odd' of their-plugin 2\.0 .*{said}"):
        needs_of(method, MethodParams())


def test_so_is_what_an_encoder_provides_and_what_a_method_wraps(registry):
    encoder = Registered(EncoderSpec(name="odd", summary="s", implementation="a:B", provides=lambda params: 3), OWNER)
    with pytest.raises(BlamedPluginError, match=r"saying what it provides: it returned 3; write cir_bench\.Provides"):
        provides_of(encoder, NoParams())
    spec = MethodSpec(name="odd", summary="s", implementation="a:B", wraps=lambda params: ["deep"])
    with pytest.raises(BlamedPluginError, match=r"saying what it wraps: it returned \['deep'\]; write a function"):
        wrapped_composers(registry, Registered(spec, OWNER), MethodParams())


def test_a_users_mistake_stays_the_users(registry):
    def needs_a_file(params):
        raise ConfigError("there is no such file.")

    spec = EncoderSpec(name="odd", summary="s", implementation="a:B", provides=needs_a_file)
    with pytest.raises(ConfigError, match="there is no such file"):
        provides_of(Registered(spec, OWNER), NoParams())


BROKEN = """
from cir_bench import EncoderSpec, MethodSpec, hookimpl

def raises(params):
    raise KeyError("maps")

@hookimpl
def cir_bench_methods():
    return [MethodSpec(name="broken", summary="s", implementation="a:B", needs=raises)]

@hookimpl
def cir_bench_encoders():
    return [EncoderSpec(name="broken", summary="s", implementation="a:B", provides=raises)]
"""


def test_a_plugin_that_cannot_say_it_stops_no_other(tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    registry = load_plugins(PluginOptions(files=(tmp_path / "broken.py",)), environ={})
    fine, broken = resolve(RunRequest(methods=("broken", "sum")), registry)
    assert (broken.key.method, fine.key.method, fine.refusal) == ("broken", "sum", "")
    assert re.search(r"method 'broken' of plugin .* while saying what it needs: KeyError: 'maps'", broken.refusal)
    (odd,) = resolve(RunRequest(methods=("sum",), encoders=("broken",)), registry)
    assert re.search(r"encoder 'broken' of plugin .* while saying what it provides: KeyError", odd.refusal)
    (lacking,) = resolve(RunRequest(methods=("film",), encoders=("captions",)), registry)
    assert "encoders that would do: " in lacking.refusal
    assert "broken" not in lacking.refusal
