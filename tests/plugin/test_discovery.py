"""A broken plugin is named with version, stage and remedy, leaves nothing behind, and stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.errors import PluginError
from cir_bench.interfaces.events import RunFinished, RunStarted
from cir_bench.interfaces.specs import ComposerSpec, MethodSpec
from cir_bench.plugin.events import Announcer
from cir_bench.plugin.owner import Owner

HOOK = """
from pathlib import Path
from cir_bench import ComposerSpec, LossSpec, MethodParams, MethodSpec, Params, hookimpl

@hookimpl
def cir_bench_composers():
    return [ComposerSpec(name="left-over", summary="must not stay", implementation="a.b:C")]

"""


def spec(**changes: str) -> str:
    fields = {"name": '"bad"', "summary": '"a method"', "implementation": '"a.b:C"'} | changes
    return f"MethodSpec({', '.join(f'{key}={value}' for key, value in fields.items())})"


def methods(returned: str) -> str:
    return f"{HOOK}@hookimpl\ndef cir_bench_methods():\n    return {returned}\n"


BROKEN = {
    "fails to import": ("1 / 0", "import", "ZeroDivisionError", "update or remove bad-plugin"),
    "has a syntax error": ("def (", "import", "SyntaxError", "update or remove bad-plugin"),
    "leaves the program": ("raise SystemExit(3)", "import", "SystemExit: 3", "update or remove bad-plugin"),
    "lacks a dependency": (
        "import not_there_at_all",
        "import",
        "needs the module not_there_at_all",
        "pip install not_there_at_all",
    ),
    "lacks a part of a dependency": (
        "import yaml.not_there",
        "import",
        "installed yaml lacks",
        "pip install --upgrade yaml",
    ),
    "needs another dependency": (
        "from yaml import nothing_like_it",
        "import",
        "cannot import name",
        "its dependency yaml",
    ),
    "speaks a newer API": (f"CIR_BENCH_API = 2\n{HOOK}", "api", "speaks version 2", "pip install --upgrade cir-bench"),
    "speaks an older API": (
        f"CIR_BENCH_API = 0\n{HOOK}",
        "api",
        "speaks version 0",
        "pip install --upgrade bad-plugin",
    ),
    "misspells a hook": (
        f"{HOOK}@hookimpl\ndef cir_bench_method():\n    return []\n",
        "register",
        "there is no hook cir_bench_method",
        "did you mean 'cir_bench_methods'?",
    ),
    "forgets @hookimpl": (
        f"{HOOK}def cir_bench_methods():\n    return []\n",
        "register",
        "is not marked",
        "write @hookimpl",
    ),
    "takes arguments": (
        f"{HOOK}@hookimpl\ndef cir_bench_methods(config):\n    return []\n",
        "register",
        "takes the arguments config",
        "write def cir_bench_methods()",
    ),
    "hears with another argument": (
        f"{HOOK}@hookimpl\ndef cir_bench_run_started(run):\n    pass\n",
        "register",
        "cir_bench_run_started takes the arguments run, but an event's hook takes only event",
        "write def cir_bench_run_started(event)",
    ),
    "hears with two arguments": (
        f"{HOOK}@hookimpl\ndef cir_bench_progress(event, bar):\n    pass\n",
        "register",
        "takes the arguments event, bar",
        "write def cir_bench_progress(event)",
    ),
    "would never be given the event": (
        f"{HOOK}@hookimpl\ndef cir_bench_progress(event=None):\n    pass\n",
        "register",
        "takes the arguments event, but",
        "write def cir_bench_progress(event)",
    ),
    "wraps an event": (
        f"{HOOK}@hookimpl(wrapper=True)\ndef cir_bench_progress(event):\n    yield\n",
        "register",
        "is a wrapper, but events only have listeners",
        "write @hookimpl",
    ),
    "has no hook": ("x = 1", "register", "implements no hook", "cir_bench_methods"),
    "raises in a hook": (methods("1 / 0"), "hook", "ZeroDivisionError", "correct the function"),
    "raises in a generator": (methods("(1 / x for x in [0])"), "hook", "ZeroDivisionError", "correct the function"),
    "returns nothing": (methods("None"), "hook", "returned None, not a list", "even of one"),
    "returns no end of specs": (
        methods("__import__('itertools').repeat(1)"),
        "hook",
        "cir_bench_methods returned more than 10000 objects",
        "finite list",
    ),
    "returns no list": (methods(spec()), "hook", "returned a MethodSpec, not a list", "even of one"),
    "returns another thing": (methods('["mine"]'), "spec", "returned 'mine', not a MethodSpec", "list of MethodSpec"),
    "returns another spec": (
        methods('[LossSpec(name="x", summary="y", implementation="a:B")]'),
        "spec",
        "not a MethodSpec",
        "list",
    ),
    "has a bad name": (
        methods(f"[{spec(name=repr('My Method'))}]"),
        "spec",
        "name='My Method'",
        "lower case",
    ),
    "has a bad implementation": (
        methods(f"[{spec(implementation=repr('a.b.C'))}]"),
        "spec",
        "'a.b.C'",
        '"package.module:Class"',
    ),
    "has no summary": (methods(f"[{spec(summary=repr(' '))}]"), "spec", "has summary=' '", "write one line"),
    "has a number as version": (methods(f"[{spec(version='2')}]"), "spec", "has version=2", "write a string"),
    "has params of no model": (methods(f"[{spec(params='dict')}]"), "spec", "the class dict", "cir_bench.MethodParams"),
    "has params of another model": (
        methods(f"[{spec(params='Params')}]"),
        "spec",
        "the class Params",
        "cir_bench.MethodParams",
    ),
    "has an unknown kind": (methods(f"[{spec(kind=repr('toy'))}]"), "spec", "kind='toy'", "'sentinel'"),
    "has recipes of another form": (methods(f"[{spec(recipes=repr({'*': 5}))}]"), "spec", "recipes", "parameter"),
    "has a benchmark that is a text": (
        f"{HOOK}@hookimpl\ndef cir_bench_benchmarks():\n    return ['x.yaml']\n",
        "spec",
        "returned 'x.yaml', not a Path",
        "pathlib.Path",
    ),
    "has a benchmark that is not there": (
        f"{HOOK}@hookimpl\ndef cir_bench_benchmarks():\n    return [Path('/nowhere/x.yaml')]\n",
        "spec",
        "/nowhere/x.yaml",
        "package_data",
    ),
    "registers a name twice": (
        methods(f"[{spec()}, {spec()}]"),
        "duplicate",
        "'bad-plugin' of bad-plugin 0.9",
        "rename",
    ),
    "takes a taken name": (
        methods(f"[{spec(name=repr('good'))}]"),
        "duplicate",
        "method 'good' is already registered by 'good-plugin' of good-plugin 2.3",
        "--without-plugins",
    ),
}


@pytest.fixture(params=BROKEN)
def broken(request, install, good):
    source, stage, message, remedy = BROKEN[request.param]
    install("bad-plugin" if "taken" not in request.param else "later-plugin", source, version="0.9")
    return stage, message, remedy


def test_a_broken_plugin_is_reported_and_left_out_whole(broken, discover):
    stage, message, remedy = broken
    registry = discover()
    (problem,) = registry.problems
    assert (problem.owner.distribution, problem.owner.version, problem.stage) == (problem.owner.plugin, "0.9", stage)
    assert message in problem.message
    assert remedy in problem.remedy
    assert list(registry.all(MethodSpec)) == ["good"]
    assert not registry.all(ComposerSpec), "a spec of the broken plugin stayed"
    assert [owner.distribution for owner in registry.plugins] == ["good-plugin"]


def test_strict_makes_it_fatal(broken, discover):
    _, message, remedy = broken
    with pytest.raises(PluginError) as caught:
        discover({"CIR_BENCH_STRICT": "1"})
    assert message in str(caught.value)
    assert remedy in str(caught.value)
    assert "0.9" in str(caught.value)


@pytest.mark.parametrize("source", [f"{HOOK}\nimport time\ntime.sleep(60)", methods("__import__('time').sleep(60)")])
def test_one_that_never_finishes_loading_is_left_out(install, good, discover, monkeypatch, source):
    monkeypatch.setattr("cir_bench.plugin.loader.LOADING_SECONDS", 0.2)
    install("bad-plugin", source)
    registry = discover()
    (problem,) = registry.problems
    assert "it is not loaded after 0.2 s" in problem.message
    assert list(registry.all(MethodSpec)) == ["good"]


def test_a_ctrl_c_of_its_own_is_a_fault_and_the_users_is_not(install, good, discover, monkeypatch):
    install("bad-plugin", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):  # nobody counts Ctrl-C, so it may be the user's
        discover()
    monkeypatch.setattr("cir_bench.interrupts._heeded", [True])
    (problem,) = discover().problems
    assert "raised KeyboardInterrupt" in problem.message


def test_a_message_of_any_length_is_cut_and_can_be_written(install, discover):
    install("bad-plugin", "raise ValueError('\\ud800' + 'x' * 10_000_000)")
    (problem,) = discover().problems
    assert "\\ud800xxx" in problem.message and len(problem.message) < 1500


def test_strict_can_be_switched_off_by_value(install, discover):
    install("bad-plugin", "1 / 0")
    assert len(discover({"CIR_BENCH_STRICT": "0"}).problems) == 1


def test_an_entry_point_whose_module_is_gone(install, good, discover):
    install("bad-plugin", "", module="not_shipped")
    (problem,) = discover().problems
    assert "its module not_shipped does not exist" in problem.message
    assert "pip install --force-reinstall bad-plugin" in problem.remedy


def test_an_entry_point_that_names_a_class(install, discover):
    install("bad-plugin", "class Plugin: pass", attribute="Plugin")
    (problem,) = discover().problems
    assert "it is the class Plugin" in problem.message
    assert "an instance of the class" in problem.remedy


def test_an_entry_point_whose_attribute_is_gone(install, discover):
    install("bad-plugin", "x = 1", attribute="plugin")
    (problem,) = discover().problems
    assert problem.stage == "import"
    assert "has no attribute 'plugin'" in problem.message


def test_an_entry_point_that_is_garbage(install, good, discover):
    install("bad-plugin", "", module="!!")
    registry = discover()
    assert [problem.owner.plugin for problem in registry.problems] == ["bad-plugin"]
    assert registry.method("good")


def test_metadata_without_name_and_version(install, good, discover, tmp_path):
    info = tmp_path / "site" / "damaged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\n")
    (info / "entry_points.txt").write_text("[cir_bench]\ndamaged = not_there\n")
    (problem,) = discover().problems
    assert (problem.owner.distribution, problem.owner.version, problem.owner.plugin) == (
        "unknown distribution",
        "?",
        "damaged",
    )


def test_a_plugin_whose_attributes_raise(install, good, discover):
    install(
        "bad-plugin",
        """
        class Plugin:
            def __dir__(self):
                raise RuntimeError("look away")
        plugin = Plugin()
        """,
        attribute="plugin",
    )
    (problem,) = discover().problems
    assert "looking at it raised RuntimeError: look away" in problem.message


def test_hooks_may_be_methods_of_an_object_and_return_generators(install, discover):
    install(
        "object-plugin",
        """
        from cir_bench import LossSpec, hookimpl
        class Plugin:
            CIR_BENCH_API = 1
            @hookimpl
            def cir_bench_losses(self):
                yield LossSpec(name="one", summary="a loss", implementation="object_plugin:One")
        plugin = Plugin()
        """,
        module="object_plugin",
        attribute="plugin",
    )
    registry = discover()
    assert not registry.problems
    assert registry.loss("one").owner.distribution == "object-plugin"


def test_a_plugin_may_only_listen_and_leave_the_event_out(install, discover):
    install(
        "listener",
        """
        from cir_bench import RunFinished, hookimpl
        class Listener:
            heard = 0
            @hookimpl
            def cir_bench_run_started(self):
                self.heard += 1
            @hookimpl(specname="cir_bench_run_finished")
            def over(self, event: RunFinished):
                self.heard += event.complete
        plugin = Listener()
        """,
        attribute="plugin",
    )
    registry = discover()
    assert [str(owner) for owner in registry.plugins] == ["'listener' of listener 1.0"]
    announce = Announcer(registry.hooks)
    announce(RunStarted((), Path()))
    announce(RunFinished(Path(), {}, complete=True))
    (plugin,) = registry.hooks.get_plugins()
    assert plugin.heard == 2


def test_what_a_plugin_prints_does_not_reach_stdout(install, discover, capsys):
    install("loud-plugin", HOOK + "print('hello')\n")
    discover()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err


def test_ours_come_first_so_that_nobody_takes_their_names(install, good):
    from cir_bench.plugin.candidates import Candidate, installed
    from cir_bench.plugin.loader import load_plugins
    from cir_bench.plugin.owner import CORE

    (theirs,) = [candidate for candidate in installed() if candidate.owner.distribution == "good-plugin"]
    ours = Candidate(Owner(CORE, "0.1", "zzz"), theirs.module, theirs.load)
    registry = load_plugins(environ={}, found=[theirs, ours])
    assert registry.method("good").owner.distribution == CORE
    assert [problem.owner.distribution for problem in registry.problems] == ["good-plugin"]
