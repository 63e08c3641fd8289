"""Variants of a contract: every check once per variant, named in its id, by pytest and by `cir-bench check`."""

import json
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
LOSS = """
from cir_bench.testing import LossContract


class TestLoss(LossContract):
    name = "batch-classification"
    params = {"scale": 10.0}
    variants = {"default": {}, "of-similarity": {"scale_on": "similarity"}, "broken": {"scale": "wide"}}

    def test_its_parameters(self):
        assert self.parameters() == {"scale": 10.0} | self.variants[self.variant]
"""


class Reports:
    """A pytest plugin that keeps the outcome of every test."""

    def __init__(self):
        self.outcomes = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            self.outcomes[report.nodeid.partition("::")[2]] = report.outcome


def test_the_example_of_the_page_runs_once_per_variant(tmp_path):
    """In this process, but not by pytester, which forgets every module that was imported, torch among them."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (example,) = [block for block in blocks if "variants" in block]
    (tmp_path / "test_tirg_of_the_page.py").write_text(example)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    reports = Reports()
    pytest.main(["-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(tmp_path)], [reports])
    assert set(reports.outcomes.values()) <= {"passed", "skipped"}
    assert "TestTirg::test_one_seed_one_training[last-conv]" in reports.outcomes
    checks = {test.partition("[")[0] for test in reports.outcomes}
    assert set(reports.outcomes) == {
        f"{check}[{variant}]" for check in checks for variant in ("default", "soft-triplet", "last-conv")
    }


@pytest.fixture
def loss(tmp_path):
    (tmp_path / "test_loss.py").write_text(LOSS)


@pytest.mark.usefixtures("loss")
def test_a_check_names_the_variant_that_fails(cir_bench_cli):
    answer = json.loads(cir_bench_cli("check", "batch-classification", "--tests", "test_loss.py", "--json").out)
    results = {}
    for one in answer["checks"]:
        results.setdefault(one["variant"], {})[one["check"]] = one["result"]
    assert set(results) == {"default", "of-similarity", "broken"}
    assert results["default"] == results["of-similarity"] == dict.fromkeys(results["default"], "passed")
    assert [check for check, result in results["broken"].items() if result == "passed"] == ["its parameters"]


@pytest.mark.usefixtures("loss")
def test_the_table_has_a_part_for_each_variant(cir_bench_cli):
    table = cir_bench_cli("check", "batch-classification", "--tests", "test_loss.py").out
    parts = [line for line in table.splitlines() if line.startswith("loss ")]
    assert parts == [f"loss batch-classification, {name}:" for name in ("default", "of-similarity", "broken")]


def test_a_run_is_shared_by_the_checks_of_one_variant_only(monkeypatch):
    from cir_bench.testing import RunContract, running

    runs = []
    monkeypatch.setattr(running, "run_generated", lambda registry, name, settings, encoder: runs.append(settings))

    class Case(RunContract):
        name = "tirg"
        variants = {"default": {}, "normed": {"scaling": "normed"}}

    for variant in Case.variants:
        for _ in range(2):
            case = Case()
            case.variant = variant
            case.finished()
    assert runs == [{"tirg": {}}, {"tirg": {"scaling": "normed"}}]
