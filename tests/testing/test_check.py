"""`cir-bench check`: sound plugins pass, broken ones get sentences, the answer is a table or JSON."""

import contextlib
import io
import json
import re

import pytest

from cir_bench import testing
from cir_bench.cli import main
from cir_bench.testing.check.topics import OWN, TOPICS, topic_of

MIX = """
import torch
from torch import nn

from cir_bench import Composer, ComposerSpec, Embedding, MethodSpec, hookimpl


class Mix(Composer):
    def __init__(self, params, context):
        super().__init__()
        shape = context.shape
        self.mix = nn.Linear(shape.image.width + shape.text.width, shape.image.width)

    def compose(self, reference, text):
        return Embedding.single(self.mix(torch.cat([reference.need_pooled(), text.need_pooled()], dim=1)))
"""
COMPOSER = (
    MIX
    + """

@hookimpl
def cir_bench_composers():
    return [ComposerSpec(name="mine", summary="for tests", implementation=Mix)]
"""
)
METHOD = (
    MIX
    + """

@hookimpl
def cir_bench_methods():
    return [MethodSpec(name="mine", summary="for tests", implementation=Mix, loss="batch-classification")]
"""
)
FAULTS = {
    "randomness at evaluation": (
        ("self.mix(torch.cat", "torch.nn.functional.dropout(self.mix(torch.cat"),
        (".need_pooled()], dim=1)))", ".need_pooled()], dim=1)), training=True))"),
        "evaluation has no randomness",
    ),
    "looks at the batch": (
        ("return Embedding.single(self", "return Embedding.single(reference.need_pooled().mean(0) + self"),
        ("", ""),
        "a row does not depend on its batch",
    ),
    "raises": (
        ("return Embedding.single(self", "return 1 / 0; Embedding.single(self"),
        ("", ""),
        "queries and candidates fit each other",
    ),
    "a lone word has no length": (
        ("return Embedding.single(self", "return Embedding.single(0 * self"),
        ("", ""),
        "vectors have a length and scores have bounds",
    ),
}


@pytest.fixture
def check(cir_bench_cli, tmp_path):
    """``check(source)`` holds the contracts against a single-file plugin; the answer as JSON, and the exit code."""

    def run(source, *words):
        (tmp_path / "mine.py").write_text(source, encoding="utf-8")
        done = cir_bench_cli("check", "mine.py", "--json", *words)
        assert "Traceback" not in done.err
        return json.loads(done.out), done.code

    return run


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The answer about a sound method, which is trained for it, and the exit code."""
    file = tmp_path_factory.mktemp("sound") / "mine.py"
    file.write_text(METHOD.replace("super().__init__()", "super().__init__(); print('hello')"), encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(["check", str(file), "--json"])
    return json.loads(out.getvalue()), code


def test_a_sound_method_passes_every_contract(sound):
    """And what it prints does not spoil the JSON."""
    answer, code = sound
    assert (answer["failed"], code) == (0, 0)
    named = {one["check"].replace(" ", "_") for one in answer["checks"]}
    for contract in (testing.MethodContract, testing.RunContract):
        assert named >= {test.removeprefix("test_") for test in dir(contract) if test.startswith("test_")}


def test_every_skipped_check_says_why_and_the_costs_are_noted(sound):
    answer, _ = sound
    skipped = {one["reason"] for one in answer["checks"] if one["result"] == "skipped"}
    assert skipped == {"it reads no tokens", "its plugin declares no layout of published weights"}
    (cost,) = [one["reason"] for one in answer["checks"] if one["topic"] == "time and memory"]
    assert all(unit in cost for unit in (" s, ", " ms per query", " MiB", " parameters"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_told_in_one_line(check, fault):
    *changes, caught = FAULTS[fault]
    source = COMPOSER
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    answer, code = check(source)
    failed = {one["check"]: one["reason"] for one in answer["checks"] if one["result"] == "failed"}
    assert code == 1
    assert failed[caught], "no reason is told"
    assert not [reason for reason in failed.values() if "\n" in reason or len(reason) > 250]


def test_an_exception_is_told_with_its_place_in_the_plugin(check):
    answer, _ = check(COMPOSER.replace("return Embedding", "return 1 / 0; Embedding"))
    reasons = [one["reason"] for one in answer["checks"] if one["result"] == "failed"]
    assert "ZeroDivisionError: division by zero (mine.py:15)" in reasons


def test_a_composer_of_maps_without_embed_target_is_told_to_write_one(check):
    source = COMPOSER.replace("MethodSpec, hookimpl", "MethodSpec, Needs, hookimpl, levels")
    source = source.replace("reference.need_pooled()", "reference.need_maps(1)[0].mean((2, 3))")
    source = source.replace("shape.image.width", "shape.image.maps[-1][0]")
    answer, _ = check(source.replace("=Mix)", '=Mix, needs=Needs(image=levels("maps")))'))
    reasons = [one["reason"] for one in answer["checks"] if one["result"] == "failed"]
    why = "Mix needs an embed_target: the default returns the candidates' pooled features, which are not in its `needs`"
    assert f"ValueError: {why}" in reasons, "and no place, since no line of the plugin is wrong"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_module\n", "it needs the module no_such_module"),
        ("def broken(:\n", "SyntaxError"),
        ("x = 1\n", "it implements no hook"),
        ("CIR_BENCH_API = 99\n", "version 99 of the plugin API"),
        (COMPOSER.replace('summary="for tests"', 'summary=""'), "has summary=''"),
        ("raise SystemExit(0)\n", "SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_told_and_gives_1(cir_bench_cli, tmp_path, source, told):
    (tmp_path / "mine.py").write_text(source)
    done = cir_bench_cli("check", "mine.py")
    assert done.code == 1
    assert told in done.out
    assert "Traceback" not in done.out + done.err


def test_a_class_that_cannot_be_imported_is_one_failure_not_twenty(check):
    answer, code = check(COMPOSER.replace("=Mix)", '=f"{__name__}:Yours")'))
    (only,) = answer["checks"]
    assert (only["result"], code) == ("failed", 1)
    assert "has no Yours" in only["reason"]


def test_its_own_contract_classes_take_the_place_of_the_plain_ones(check, tmp_path):
    idle = METHOD.replace("self.mix = ", "self.idle = nn.Linear(2, 2)\n        self.mix = ")
    answer, code = check(idle)
    assert (answer["failed"], code) == (1, 1)
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_mine.py").write_text(
        "from pathlib import Path\n"
        "from cir_bench.testing import MethodContract\n\n"
        "class TestMine(MethodContract):\n"
        "    name = 'mine'\n"
        "    plugin_files = (Path(__file__).parents[1] / 'mine.py',)\n"
        "    unused_parameters = frozenset({'composer.idle.weight', 'composer.idle.bias'})\n\n"
        "    def test_more(self):\n"
        "        assert self.method()\n\n"
        "def test_not_a_contract():\n"
        "    raise AssertionError\n"
    )
    answer, code = check(idle, "--tests", str(tests))
    assert (answer["failed"], code) == (0, 0)
    assert [one["check"] for one in answer["checks"] if one["topic"] == OWN] == ["more"]
    checks = [one["check"] for one in answer["checks"]]
    assert len(checks) == len(set(checks)), "a check ran twice"
    assert "it trains and ranks the gallery" in checks, "the contract that the tests do not have was left out"


def test_tests_that_cannot_be_read_are_a_mistake(cir_bench_cli, tmp_path):
    (tmp_path / "mine.py").write_text(COMPOSER)
    (tmp_path / "test_bad.py").write_text("import no_such_module\n")
    done = cir_bench_cli("check", "mine.py", "--tests", "test_bad.py")
    assert done.code == 2
    assert "No module named 'no_such_module'" in done.err
    assert "Traceback" not in done.err
    assert cir_bench_cli("check", "mine.py", "--tests", "nowhere").code == 2


def test_an_object_by_name_and_a_plugin_by_name(cir_bench_cli):
    losses = json.loads(cir_bench_cli("check", "losses", "--json").out)
    assert {one["kind"] for one in losses["checks"]} == {"loss"}
    assert len({one["name"] for one in losses["checks"]}) > 1
    one = json.loads(cir_bench_cli("check", "batch-classification", "--json").out)
    assert {check["name"] for check in one["checks"]} == {"batch-classification"}


def test_a_plugin_without_objects_is_not_one_that_passed(cir_bench_cli, tmp_path):
    listens = "import cir_bench as cb\n\n@cb.hookimpl\ndef cir_bench_run_finished(event):\n    pass\n"
    (tmp_path / "mine.py").write_text(listens, encoding="utf-8")
    done = cir_bench_cli("check", "mine.py")
    assert (done.code, done.err) == (
        1,
        "cir-bench: nothing of mine.py was checked: it registers nothing that has a contract.\n",
    )


def test_an_unknown_name_is_a_mistake_with_the_nearest(cir_bench_cli):
    done = cir_bench_cli("check", "tirgg")
    assert (done.code, "did you mean 'tirg'?" in done.err) == (2, True)
    assert cir_bench_cli("check", "nowhere.py").code == 2


def test_a_data_set_without_its_files_is_skipped_with_the_remedy(cir_bench_cli):
    done = cir_bench_cli("check", "shoes", "--json")
    answer = json.loads(done.out)
    assert (done.code, "nothing of shoes was checked: every check was skipped" in done.err) == (1, True)
    assert {(one["result"], "--data-root DIR" in one["reason"]) for one in answer["checks"]} == {("skipped", True)}


def test_the_submission_of_a_data_set_is_checked_also_without_its_files(cir_bench_cli):
    for name, expected in (("circo", {"passed"}), ("fashioniq", set())):  # FashionIQ has no server
        checks = json.loads(cir_bench_cli("check", name, "--json").out)["checks"]
        assert {one["result"] for one in checks if one["topic"] == "submission"} == expected


def test_an_object_that_must_be_given_an_argument_is_skipped_with_the_remedy(cir_bench_cli):
    answer = json.loads(cir_bench_cli("check", "folder", "--json").out)
    (only,) = answer["checks"]
    assert (only["result"], "--tests" in only["reason"]) == ("skipped", True)


def test_a_data_set_is_read_through_a_link_and_nothing_is_written_beside_it(cir_bench_cli, tmp_path):
    cir_bench_cli("new", "squares", "--kind", "dataset")
    package = tmp_path / "squares"
    plugin = (package / "src/squares/dataset.py").read_text() + (
        "\n\nfrom cir_bench import DatasetSpec, hookimpl\n\n@hookimpl\ndef cir_bench_datasets():\n"
        "    return [DatasetSpec(name='squares', summary='s', implementation=f'{__name__}:Squares')]\n"
    )
    (tmp_path / "squares_plugin.py").write_text(plugin)
    namespace = {}
    exec((package / "tests/test_contracts.py").read_text(), namespace)
    data = tmp_path / "data"
    data.mkdir()
    namespace["TestDataset"]().prepare(data)
    before = sorted(data.rglob("*"))
    done = cir_bench_cli("check", "squares_plugin.py", "--data-root", data, "--json")
    answer = json.loads(done.out)
    assert (answer["failed"], answer["skipped"], done.code) == (0, 0, 0), answer
    assert sorted(data.rglob("*")) == before


def test_the_table_is_in_the_order_of_the_topics_and_ends_with_the_sum(cir_bench_cli, tmp_path):
    (tmp_path / "mine.py").write_text(COMPOSER)
    lines = cir_bench_cli("check", "mine.py").out.splitlines()
    assert lines[0] == "composer mine:"
    assert lines[-1].endswith("0 failed, 1 skipped.")
    shown = [re.split(r"\s{2,}", line.strip())[1] for line in lines[1:-1]]
    assert list(dict.fromkeys(shown)) == [topic for topic in TOPICS if topic in shown]


def test_every_check_of_every_contract_has_a_topic_and_every_topic_a_check():
    tests = {test for name in testing.__all__ for test in dir(getattr(testing, name)) if test.startswith("test_")}
    assert {test for test in tests if topic_of(test) == OWN} == set()
    listed = [check for checks in TOPICS.values() for check in checks]
    assert {f"test_{check}" for check in listed} == tests
    assert len(listed) == len(set(listed))
