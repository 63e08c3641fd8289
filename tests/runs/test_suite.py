"""Suites: several runs and grids in one file, every point an ordinary cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.errors import ConfigError
from cir_bench.runs.suite import load_suite, suites


@pytest.fixture
def write(tmp_path: Path):
    def put(text: str) -> str:
        path = tmp_path / "suite.yaml"
        path.write_text(text)
        return str(path)

    return put


def test_every_run_takes_the_suites_keys_with_its_own_and_the_command_lines_on_top(write) -> None:
    name = write(
        "methods: [tirg]\nseeds: 3\nsettings: {training: {epochs: 4}}\nruns:\n- {}\n- {methods: [sum], seeds: 1}\n"
    )
    first, second = load_suite(name, {"seeds": 2, "settings": {"training": {"lr": 0.1}}})
    assert (first.methods, first.seeds, second.methods, second.seeds) == (("tirg",), 2, ("sum",), 2)
    assert first.settings == second.settings == {"training": {"epochs": 4, "lr": 0.1}}


def test_a_grid_is_every_combination_of_its_values(write) -> None:
    name = write("methods: [tirg]\ngrid: {training.lr: [0.1, 0.2]}\nruns: [{grid: {scale: [a, b, c]}}, {}]\n")
    settings = [request.settings for request in load_suite(name, {})]
    assert settings[:3] == [{"training": {"lr": 0.1}, "scale": s} for s in "abc"]
    assert settings[6:] == [{"training": {"lr": 0.1}}, {"training": {"lr": 0.2}}]


@pytest.mark.parametrize("given", [{"training": {"lr": 0.3}}, {"training": {"lr": 0.1, "epochs": 1}}])
def test_a_setting_of_the_command_line_that_the_grid_varies_is_refused(write, given: dict[str, object]) -> None:
    name = write("methods: [tirg]\ngrid: {training.lr: [0.1, 0.2]}\n")
    with pytest.raises(ConfigError, match=r"varies training\.lr in its grid; leave out --set training\.lr"):
        load_suite(name, {"settings": given})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs: [{method: [tirg]}]", "run 1 has no key 'method'; did you mean 'methods'?"),
        ("methods: [tirg]\ngrid: {training.lr: 3}", "grid.training.lr must be a list of values"),
        ("runs: []", "runs=.* is not allowed"),
        ("seedz: 3", "did you mean 'seeds'?"),
    ],
)
def test_mistakes_are_named(write, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?") if "=" not in message else message):
        load_suite(write(text), {})


def test_an_unknown_suite_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(ConfigError, match="there is no suite 'ablations/nothing'"):
        load_suite("ablations/nothing", {})


@pytest.mark.parametrize("name", suites())
def test_the_suites_that_come_with_the_harness_can_be_read(name: str) -> None:
    assert all(request.methods for request in load_suite(name, {}))


def test_a_suite_runs_as_cells_of_their_own(toy, write) -> None:
    name = write(
        "methods: [tirg]\nsettings: {training: {epochs: 1}}\n"
        "runs: [{grid: {training.lr: [0.01, 0.02]}}, {methods: [sum]}]\n"
    )
    code, said = toy.run("--suite", name)
    assert code == 0, said
    assert len(toy.records()) == 3 and sum("training.lr=0.02" in key for key in toy.records()) == 1
    code, said = toy.run("--suite", name)
    assert said.count(": done") == 3
