"""Lookup by name, guarded import of implementations, and blame on the plugin by name and version."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cir_bench import BuildContext, Params, hookimpl
from cir_bench.errors import ConfigError, DataError, PluginError
from cir_bench.interfaces.specs import EncoderSpec, LossSpec, MethodSpec
from cir_bench.plugin.candidates import Candidate
from cir_bench.plugin.loader import load_plugins
from cir_bench.plugin.owner import CORE, BlamedPluginError, Owner
from cir_bench.plugin.registry import Registered, Registry, blame, create, load

OWNER = Owner("some-plugin", "3.1", "some")


class Scaled(Params):
    scale: float = 1.0


MODULE = """
from cir_bench import Loss

class Good(Loss):
    def __init__(self, params, context):
        super().__init__()
        self.scale = 1 / params.scale
    def forward(self, query, target, same_target, score=None):
        return query.main.sum() * self.scale

class Unfinished(Loss):
    pass

class Other:
    pass
"""


def registered(implementation: str | type) -> Registered[LossSpec]:
    return Registered(LossSpec(name="one", summary="a loss", implementation=implementation), OWNER)


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "some_losses.py").write_text(MODULE)
    (tmp_path / "broken_losses.py").write_text("raise RuntimeError('no GPU')")
    yield tmp_path
    sys.modules.pop("some_losses", None)


def test_the_implementation_is_imported_when_asked_for(module):
    assert load(registered("some_losses:Good")).__name__ == "Good"


def test_the_implementation_may_be_the_class_itself(module):
    good = load(registered("some_losses:Good"))
    assert load(registered(good)) is good
    assert registered(good).spec.class_path == registered("some_losses:Good").spec.class_path == "some_losses:Good"
    with pytest.raises(BlamedPluginError, match="str is not a Loss; derive it from"):
        load(registered(str))


@pytest.mark.parametrize(
    ("implementation", "said"),
    [
        ("some_losses:Goood", r"some_losses has no Goood; did you mean 'Good'\?"),
        ("some_losses:Other", "Other is not a Loss; derive it from cir_bench.Loss"),
        ("some_losses:Unfinished", "Unfinished lacks forward"),
        ("broken_losses:Good", "RuntimeError: no GPU; correct, update or remove some-plugin"),
        ("nothing_here:Good", "its module nothing_here does not exist; run: pip install --force-reinstall some-plugin"),
    ],
)
def test_an_implementation_that_cannot_be_used_is_blamed_on_its_plugin(module, implementation, said):
    with pytest.raises(BlamedPluginError, match=said) as caught:
        load(registered(implementation))
    assert "loss 'one' of plugin 'some' of some-plugin 3.1" in str(caught.value)


def test_a_missing_extra_is_named(module):
    spec = EncoderSpec(name="one", summary="an encoder", implementation="needs_extra:One", extra="captions")
    (module / "needs_extra.py").write_text("import not_there_at_all")
    with pytest.raises(BlamedPluginError, match=r"run: pip install 'some-plugin\[captions\]'"):
        load(Registered(spec, OWNER))


def test_a_constructor_that_fails_is_blamed_too(module):
    with pytest.raises(BlamedPluginError, match="while constructing it: ZeroDivisionError") as caught:
        create(registered("some_losses:Good"), Scaled(scale=0), BuildContext())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_blame_names_object_plugin_version_and_stage():
    with pytest.raises(PluginError) as caught, blame(registered("a:B"), "training"):
        raise KeyError("main")
    failure = caught.value
    assert isinstance(failure, BlamedPluginError)
    assert (failure.owner, failure.what, failure.stage) == (OWNER, "loss 'one'", "training")
    assert failure.exception == "KeyError: 'main'"
    assert isinstance(failure.__cause__, KeyError)


def test_a_users_mistake_and_an_interrupt_are_nobodys_fault():
    with pytest.raises(DataError, match="as it was"), blame(registered("a:B"), "training"):
        raise DataError("as it was")
    with pytest.raises(KeyboardInterrupt), blame(registered("a:B"), "training"):
        raise KeyboardInterrupt


def test_an_unknown_name_tells_the_nearest():
    spec = MethodSpec(name="tirg", summary="a method", implementation="a:B")
    registry = Registry([Registered(spec, OWNER)])
    assert registry.method("tirg").spec is spec
    with pytest.raises(ConfigError, match=r"there is no method 'trig'; did you mean 'tirg'\?"):
        registry.method("trig")
    with pytest.raises(ConfigError, match=r"there is no loss 'tirg'; none is known\."):
        registry.loss("tirg")


def test_a_name_that_is_near_to_none_may_be_of_a_file_that_was_not_named():
    specs = [Registered(MethodSpec(name="combiner", summary="a method", implementation="a:B"), OWNER)]
    hint = r" One of a file needs --plugin FILE\."
    with pytest.raises(ConfigError, match=f"'combiner'.{hint}$"):
        Registry(specs).method("mine")
    with_file = Registry(specs, plugins=[Owner("mine.py", "1", "/x/mine.py")])
    for registry, name in ((Registry(specs), "conbiner"), (with_file, "mine")):
        with pytest.raises(ConfigError, match=r"did you mean 'combiner'\?$"):
            registry.method(name)


def test_discovery_imports_no_torch():
    code = "import sys; from cir_bench.plugin.loader import load_plugins; load_plugins(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("distribution", "times"), [(CORE, 1), ("some-plugin", 2)])
def test_hooks_of_a_built_in_plugin_are_called_once_in_a_process_and_those_of_others_every_time(distribution, times):
    class Plugin:
        @hookimpl
        def cir_bench_losses(self):
            called.append(self)
            return [LossSpec(name="mine", summary="a loss", implementation="some_losses:Good")]

    called: list[object] = []
    found = [Candidate(Owner(distribution, "1.0", "mine"), "nowhere", Plugin)]
    for _ in range(2):
        assert load_plugins(environ={}, found=found).loss("mine").name == "mine"
    assert len(called) == times
