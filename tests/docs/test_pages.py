"""What the pages say is true: hooks, interfaces, contracts, code and numbers."""

import ast
import contextlib
import importlib
import inspect
import io
import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from cir_bench import testing
from cir_bench.cli import main
from cir_bench.interfaces import specs
from cir_bench.interfaces.kinds import KINDS
from cir_bench.plugin.checks import REGISTERING_HOOKS
from cir_bench.plugin.events import EVENT_HOOKS
from cir_bench.protocols.benchmark import Benchmark
from cir_bench.testing.base import Contract
from cir_bench.testing.check.topics import TOPICS

HOME_OF = {"cir_bench_benchmarks": "interfaces/benchmark.md"} | {
    kind.hook: f"interfaces/{kind.name}.md" for kind in KINDS
}


@pytest.mark.parametrize("hook", REGISTERING_HOOKS)
def test_every_hook_has_a_page_that_says_what_it_returns(written, hook):
    page = written[HOME_OF[hook]]
    assert hook in page
    spec = next((kind.spec.__name__ for kind in KINDS if kind.hook == hook), "paths")
    assert spec in page


@pytest.mark.parametrize(("event", "hook"), EVENT_HOOKS.items(), ids=EVENT_HOOKS.values())
def test_every_event_is_on_its_page(written, event, hook):
    (row,) = [line for line in written["interfaces/events.md"].splitlines() if line.startswith(f"| `{hook}`")]
    assert f"`{event.__name__}`" in row


def test_the_listener_on_the_page_of_events_writes_its_log(blocks, tmp_path, monkeypatch):
    (block,) = [one for one in blocks if (one.page, one.language) == ("docs/interfaces/events.md", "python")]
    plugin, log = tmp_path / "csv_log.py", tmp_path / "log.csv"
    plugin.write_text(block.text)
    monkeypatch.setenv("CSV_LOG", str(log))
    toy = Path(__file__).parents[1] / "support" / "toy_plugin.py"
    where = ["--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache"), "--device", "cpu"]
    plugins = ["--plugin", str(toy), "--plugin", str(plugin)]
    options = ["-b", "toy", "-m", "sum", "-m", "tirg", "--set", "training.epochs=2"]
    assert main(["run", *plugins, *where, *options]) == 0
    cells, untrained, *epochs, trained = log.read_text().splitlines()
    assert cells == "cells,2"
    assert ",done," in untrained
    assert ",done," in trained
    assert [line.split(",")[-3] for line in epochs] == ["1", "2"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_public_method_of_an_interface_is_on_its_page(written, kind):
    module, _, name = kind.base.partition(":")
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    own = [node.name for node in found.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    harness = {"train_images", "extra_state", "load_extra_state", "device"}  # called by the harness, seldom overridden
    missing = [one for one in own if one not in harness and one not in written[f"interfaces/{kind.name}.md"]]
    assert missing == []


def test_every_field_of_a_methods_spec_is_on_its_page(written):
    for name in specs.MethodSpec.__dataclass_fields__:
        assert re.search(rf"\b{name}\b", written["interfaces/method.md"]), name


def test_every_contract_and_what_an_author_may_set_is_on_the_page(written):
    page = written["testing.md"]
    for name in testing.__all__:
        assert name in page
        contract = getattr(testing, name)
        own = {field for base in contract.__mro__ if issubclass(base, Contract) for field in base.__annotations__}
        assert [field for field in own if not field.startswith("_") and f"`{field}`" not in page] == []


def test_the_topics_of_a_check_are_on_the_page(written):
    methods = {"description", "cache keys", "images", "annotations", "training"}  # of other kinds, or plain by name
    assert [topic for topic in TOPICS if topic not in methods and f"| {topic} |" not in written["testing.md"]] == []


def test_every_piece_of_python_is_python(blocks):
    for block in blocks:
        if block.language == "python":
            compile(block.text, block.page, "exec")


def test_the_benchmark_on_its_page_is_a_benchmark(blocks):
    (block,) = [block for block in blocks if (block.page, block.language) == ("docs/interfaces/benchmark.md", "yaml")]
    assert Benchmark.model_validate(yaml.safe_load(block.text)).name == "my-data"


def test_the_numbers_of_the_pitfalls_are_those_of_their_code(blocks):
    """Run in order, in one namespace; what a block prints stands right below it."""
    page = [block for block in blocks if block.page == "docs/pitfalls.md"]
    namespace = {}
    shown = 0
    for block, after in pairwise([*page, None]):
        if block.language != "python":
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block.text, "pitfalls.md", "exec"), namespace)
        printed = out.getvalue()
        assert printed == (after.text if after is not None and after.language == "text" else ""), block.text
        shown += bool(printed)
    assert shown >= 8


def test_every_wrong_number_of_the_pitfalls_looks_better_or_surer_than_the_right_one(blocks):
    """So that the page does not argue with an example that happens to show nothing."""
    text = "".join(block.text for block in blocks if (block.page, block.language) == ("docs/pitfalls.md", "text"))
    found = {name: list(map(float, re.findall(r"[-+]?\d+\.\d+", line))) for name, line in lines(text).items()}
    assert found["wrong: R@1"][0] > found["wrong: R@1"][1]
    assert found["chosen on test"][0] > found["true"][0] >= found["chosen on held-out"][0]
    assert found["old"][1] > found["old"][0]
    assert found["unpaired"][0] < 1 < 1.96 < found["unpaired"][1]
    assert found["kept"][1] < found["kept"][0] < found["kept"][2]


def lines(text):
    return {
        re.split(r"[:=]| =", line)[0].strip() if "R@1 =" not in line else "wrong: R@1": line
        for line in text.splitlines()
    }
