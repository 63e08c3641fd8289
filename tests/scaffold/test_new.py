"""`cir-bench new`: names that work, one sentence for those that do not, a package that is whole."""

import json
import re
import subprocess
import sys
from typing import get_args

import pytest

from cir_bench.errors import ConfigError
from cir_bench.scaffold.names import check_name
from cir_bench.scaffold.render import PackageKind, render

KINDS = get_args(PackageKind)


def test_one_name_becomes_distribution_module_and_class():
    names = check_name("late-fusion2")
    assert (names.name, names.module, names.class_name) == ("late-fusion2", "late_fusion2", "LateFusion2")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("My Method", "for example 'my-method'"),
        ("MyMethod", "for example 'my-method'"),
        ("my_method", "for example 'my-method'"),
        ("2nd-try", "starting with a letter"),
        ("a--b", "single hyphens"),
        ("../escape", "lower case letters"),
        ("", "lower case letters"),
        ("läng", "lower case letters"),
        ("class", "keyword of Python"),
        ("match", "keyword of Python"),
        ("json", "Python's standard library"),
        ("torch", "already exists"),
        ("cir-bench", "already exists"),
        ("cir-bench-tirg", "already exists"),
        ("tests", "already exists"),
        ("a" * 41, "at most 40"),
    ],
)
def test_a_bad_name_is_refused_in_one_sentence(name, why):
    with pytest.raises(ConfigError, match=re.escape(why)) as refusal:
        check_name(name)
    assert "\n" not in str(refusal.value)


def test_a_name_that_an_object_has_is_refused_with_its_owner(cir_bench_cli, tmp_path):
    done = cir_bench_cli("new", "concat")
    assert done.code == 2
    assert "the method 'concat' already exists, from 'baselines' of cir-bench" in done.err
    assert not (tmp_path / "concat").exists()


def test_what_is_there_is_not_overwritten(cir_bench_cli, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("five years of work")
    done = cir_bench_cli("new", "mine")
    assert (done.code, "not empty" in done.err) == (2, True)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_filled_and_nothing_else_is_left(cir_bench_cli, tmp_path):
    (tmp_path / "deep" / "mine").mkdir(parents=True)
    assert cir_bench_cli("new", "mine", "--out", "deep").code == 0
    assert (tmp_path / "deep" / "mine" / "pyproject.toml").is_file()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["mine"]


def test_a_place_that_cannot_be_written_is_said(cir_bench_cli, tmp_path):
    (tmp_path / "file").write_text("")
    done = cir_bench_cli("new", "mine", "--out", "file")
    assert done.code == 2
    assert "cannot be written" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_filled_in_and_every_module_compiles(kind):
    files = render(check_name("my-try"), kind)
    assert {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/ci.yml"} <= set(files)
    assert not [path for path, text in files.items() if "@@" in path + text]
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


@pytest.mark.parametrize("kind", KINDS)
def test_the_licence_is_left_to_the_author(kind):
    files = render(check_name("my-try"), kind)
    assert not [path for path in files if path.startswith("LICEN")]
    assert not re.search(r"^license\s*=", files["pyproject.toml"], re.MULTILINE)
    assert "none chosen yet" in files["README.md"]


@pytest.mark.parametrize("kind", KINDS)
def test_linters_find_nothing_in_it(cir_bench_cli, tmp_path, kind):
    cir_bench_cli("new", "my-try", "--kind", kind)
    for words in (["check", "--select", "E,F,I,UP,B,D1", "--ignore", "D107"], ["format", "--check"]):
        skip = ["--per-file-ignores", "tests/*:D1"] if words[0] == "check" else []
        line = [sys.executable, "-m", "ruff", *words, *skip, "--no-cache", "."]
        done = subprocess.run(line, check=False, cwd=tmp_path / "my-try", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "checked"),
    [
        ("method", None),
        ("reranker", 37),  # a method, and more
        ("dataset", 0),
        ("encoder", 10),
        ("pseudo-words", None),
        ("artefact", None),
        ("joint-encoder", None),
        ("pseudo-word-encoder", None),
    ],
)
def test_its_tests_pass_at_once_and_so_does_check(new_project, kind, checked):
    project = new_project("my-try", kind)
    outcomes = project.pytest()
    assert (outcomes["failed"], outcomes["passed"] > 0) == (0, True), "its tests"
    if checked is None:  # what `check` does with it is what it does with the kinds above
        return
    done = json.loads(project.cir_bench("check", "my-try", "--json", "--tests", "tests"))
    assert (done["failed"], done["problems"]) == (0, [])
    assert done["passed"] >= checked
    assert {one["name"] for one in done["checks"]} == {"my-try"}
