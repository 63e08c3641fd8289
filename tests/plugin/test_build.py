"""A method gets composers and losses of any plugin by name, checked before they are built."""

from __future__ import annotations

import pytest

from cir_bench import BuildContext
from cir_bench.errors import ConfigError, PluginError
from cir_bench.interfaces.features import EncoderShape, FeatureShape
from cir_bench.interfaces.method import StandardMethod
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.build import Builder, build_method
from cir_bench.plugin.loader import PluginOptions, load_plugins

SOURCE = """
from cir_bench import (
    Composer, ComposerSpec, Embedding, Loss, LossSpec, Method, MethodParams, MethodSpec, Params, hookimpl
)

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

class MineParams(MethodParams):
    weight: float = 3.0

class Recipe(Method):
    def __init__(self, params, context):
        super().__init__(params)

@hookimpl
def cir_bench_methods():
    shared = {"summary": "s", "params": MineParams}
    return [
        MethodSpec(name="mine", implementation=Mix, loss="mean", **shared),
        MethodSpec(name="weighted", implementation=Mix, loss={"mean": {"weight": 0.1}}, **shared),
        MethodSpec(name="asking", implementation=Mix, loss=lambda own: {"mean": {"weight": own.weight}}, **shared),
        MethodSpec(name="astray", implementation=Mix, loss=lambda own: 5, **shared),
        MethodSpec(name="untrained", implementation=Mix, loss={}, **shared),
        MethodSpec(name="no-loss", implementation=Mix, **shared),
        MethodSpec(name="not-a-composer", implementation=Recipe, loss="mean", **shared),
        MethodSpec(name="unknown-loss", implementation=Mix, loss="maen", **shared),
    ]

class Mean(Loss):
    def __init__(self, params, context):
        super().__init__()
        self.weight = params.weight
    def forward(self, query, target, same_target, score=None):
        return query.main.mean()
"""

SHAPE = EncoderShape(FeatureShape(pooled=4), FeatureShape(pooled=4))


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "parts.py").write_text(SOURCE)
    return load_plugins(PluginOptions(files=(tmp_path / "parts.py",)), environ={"CIR_BENCH_STRICT": "1"}, found=[])


@pytest.fixture
def build(registry):
    return Builder(registry, SHAPE)


def method_of(registry, name, **values):
    registered = registry.method(name)
    return build_method(registered, make_params(registered.spec, values), registry, SHAPE)


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


def test_a_composer_whose_spec_names_its_loss_is_a_method(registry):
    method = method_of(registry, "mine", weight=5)
    assert isinstance(method, StandardMethod)
    assert (method.composer.weight, method.composer.shape) == (5.0, SHAPE)
    assert {name: loss.weight for name, loss in method.losses.items()} == {"mean": 0.5}
    assert [stage.name for stage in method.stages()] == ["training"]
    assert method_of(registry, "weighted").losses["mean"].weight == 0.1


def test_its_losses_may_depend_on_its_parameters(registry):
    assert method_of(registry, "asking", weight=7).losses["mean"].weight == 7.0


def test_a_function_that_names_no_losses_is_its_plugins_fault(registry):
    with pytest.raises(PluginError, match=r"'astray' of plugin .*parts\.py .* naming its losses: it returned 5"):
        method_of(registry, "astray")


def test_without_a_loss_it_is_not_trained(registry):
    assert method_of(registry, "untrained").stages() == ()


def test_its_composer_is_there_for_other_methods_by_the_same_name(registry, build):
    assert registry.composer("mine").spec.params is registry.method("mine").spec.params
    assert build.composer("mine").weight == 3.0
    assert build.composer("mine", weight=4).weight == 4.0
    with pytest.raises(ConfigError, match=r"composer 'mine' has no parameter training: a composer is trained by"):
        build.composer("mine", training={"epochs": 3})
    with pytest.raises(ConfigError, match="there is no composer 'no-loss'"):
        build.composer("no-loss")


def test_a_composer_without_loss_and_a_method_with_one_are_told_what_to_write(registry):
    with pytest.raises(PluginError, match=r"Mix is not a Method; .* cir_bench\.Method, .* a Composer, name its loss"):
        method_of(registry, "no-loss")
    with pytest.raises(PluginError, match=r"Recipe is not a Composer; .*Composer, .* a Method, leave the loss out"):
        method_of(registry, "not-a-composer")
    with pytest.raises(ConfigError, match=r"there is no loss 'maen'; did you mean 'mean'\?"):
        method_of(registry, "unknown-loss")


def test_a_context_without_plugins_constructs_nothing_by_name():
    for find in (BuildContext(SHAPE).composer, BuildContext().loss):
        with pytest.raises(ConfigError, match="this context knows no plugins"):
            find("mix")
