"""What is tuned of the methods that come with cir-bench."""

from __future__ import annotations

import pytest

from cir_bench.interfaces.spec_params import make_params
from cir_bench.params.tunable import search_space
from cir_bench.plugin.loader import PluginOptions, load_plugins

OWN = {
    "tirg": {"scale"},
    "combiner": {"dropout", "scale"},
    "val": {"margin"},
    "clvcnet": {"mu", "nu", "lam", "eta"},
    "tgcir": {"mu", "nu", "kappa", "tau"},
    "sadn": {"gamma", "tau", "neighbours", "lambda_adapt"},
    "concat": {"scale", "dropout"},
    "film": {"scale"},
    "relationship": {"scale"},
}
SHARED = {"training.lr", "training.weight_decay"}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(PluginOptions(third_party=False))


@pytest.mark.parametrize("method", OWN)
def test_rate_and_decay_and_a_few_of_its_own(registry, method):
    assert set(search_space(make_params(registry.method(method).spec))) == SHARED | OWN[method]


@pytest.mark.parametrize("method", OWN)
def test_published_values_lie_in_the_ranges(registry, method):
    spec = registry.method(method).spec
    for benchmark, recipe in spec.recipes.items():
        params = make_params(spec, recipe)
        space = search_space(params)
        outside = {name: getattr(params, name) for name in OWN[method] if getattr(params, name) not in space[name]}
        assert not outside, f"{benchmark}: {outside}"
