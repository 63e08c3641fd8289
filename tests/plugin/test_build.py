"""A method gets composers and losses of any plugin by name, checked before they are built."""

from __future__ import annotations

import pytest

from cir_bench.errors import ConfigError, PluginError
from cir_bench.interfaces.features import EncoderShape, FeatureShape
from cir_bench.plugin.build import Builder
from cir_bench.plugin.loader import PluginOptions, load_plugins

SOURCE = """
from cir_bench import Composer, ComposerSpec, Embedding, Loss, LossSpec, Params, hookimpl

class WeightParams(Params):
    weight: float = 0.5

@hookimpl
def cir_bench_composers():
    return [
        ComposerSpec(name="mix", summary="s", implementation=f"{__name__}:Mix", params=WeightParams),
        ComposerSpec(name="wrong", summary="s", implementation=f"{__name__}:Wrong", params=WeightParams),
    ]

@hookimpl
def cir_bench_losses():
    return [LossSpec(name="mean", summary="s", implementation=f"{__name__}:Mean", params=WeightParams)]

class Mix(Composer):
    def __init__(self, params, context):
        super().__init__()
        self.shape, self.weight = context.shape, params.weight
    def compose(self, reference, text):
        return Embedding.single(reference.need_pooled())

class Wrong(Mix):
    def __init__(self, weight):
        super().__init__()

class Mean(Loss):
    def __init__(self, params, context):
        super().__init__()
        self.weight = params.weight
    def forward(self, query, target, same_target):
        return query.main.mean()
"""

SHAPE = EncoderShape(FeatureShape(pooled=4), FeatureShape(pooled=4))


@pytest.fixture
def build(tmp_path):
    (tmp_path / "parts.py").write_text(SOURCE)
    return Builder(load_plugins(PluginOptions(files=(tmp_path / "parts.py",)), environ={}, found=[]), SHAPE)


def test_defaults_are_filled_in_and_the_shape_is_given(build):
    composer = build.composer("mix")
    assert (composer.shape, composer.weight) == (SHAPE, 0.5)
    assert build.composer("mix", weight=2).weight == 2.0
    assert build.loss("mean", weight=0.25).weight == 0.25


def test_unknown_names_and_parameters_are_told(build):
    with pytest.raises(ConfigError, match=r"there is no composer 'mixx'; did you mean 'mix'\?"):
        build.composer("mixx")
    with pytest.raises(ConfigError, match=r"loss 'mean' has no parameter wieght; did you mean 'weight'\?"):
        build.loss("mean", wieght=1)


def test_a_class_that_does_not_take_its_own_parameters_is_its_plugins_fault(build):
    with pytest.raises(PluginError, match=r"composer 'wrong' of plugin .*parts\.py .*TypeError"):
        build.composer("wrong")
