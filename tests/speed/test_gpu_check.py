"""The check of a GPU says what it measured and what failed; its parts run on a CPU at tiny sizes."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gpu"
NAMES = ("check", "table", "packages", "exact_search")


@pytest.fixture
def modules(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    yield {name: importlib.import_module(name) for name in NAMES}
    for name in NAMES:
        sys.modules.pop(name, None)


def test_what_failed_is_named_and_the_rest_is_measured(modules, monkeypatch, tmp_path: Path) -> None:
    scripts = {
        "loop": 'print(\'[{"ratio": 1.25, "method": "tirg"}]\')',
        "search": "raise SystemExit('no search today')",
        "agreement": 'print(\'[{"method": "val", "agrees": false}]\')',
    }
    for name, text in scripts.items():
        (tmp_path / f"{name}.py").write_text(text)
    check = modules["check"]
    monkeypatch.setattr(check, "PARTS", {name: [str(tmp_path / f"{name}.py")] for name in scripts})
    assert check.main(["--device", "cpu", "--out", str(tmp_path / "out"), "--parts", *scripts]) == 1
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["parts"]["loop"]["rows"] == [{"ratio": 1.25, "method": "tirg"}]
    assert results["parts"]["search"]["failed"] == "no search today"
    text = (tmp_path / "out" / "table.md").read_text()
    assert "# cir-bench on cpu" in text and "| 1.250   | tirg     |" in text
    assert "**Failed: no search today**" in text and "**Failed: apart: val**" in text


def test_without_time_nothing_is_started(modules, tmp_path: Path) -> None:
    modules["check"].main(["--device", "cpu", "--out", str(tmp_path), "--parts", "resume", "--minutes", "0"])
    assert "**Failed: no time was left**" in (tmp_path / "table.md").read_text()


def test_every_part_has_a_script_and_a_goal(modules) -> None:
    assert all((FOLDER / script).is_file() for script, *_ in modules["check"].PARTS.values())
    assert modules["check"].PARTS.keys() == modules["table"].GOALS.keys()


def test_a_gpu_that_is_not_there_is_one_sentence(modules, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="torch finds no GPU here; --device cpu --quick tries the check itself"):
        modules["check"].main([])


def test_search_and_product_are_timed_beside_each_other(modules) -> None:
    row = modules["exact_search"].measure(20, 100, 8, torch.float16, torch.device("cpu"))
    assert (row["queries"], row["gallery"], row["stored as"]) == (20, 100, "float16")
    assert row["ratio"] == pytest.approx(row["search (s)"] / row["product (s)"])


def test_missing_packages_are_found_with_what_they_need(modules, monkeypatch) -> None:
    packages = modules["packages"]
    assert "torch" in packages.declared() and "pluggy" in packages.declared()
    assert list(packages.missing(packages.declared())) == []
    assert list(packages.missing(["no-such-distribution", "pluggy"])) == ["no-such-distribution"]
