"""Tuning: one budget, on held-out triplets, resumable, shared between processes; its choice is an ingredient."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench.cli.app import main
from cir_bench.errors import RunError
from cir_bench.params.models import MethodParams, Training
from cir_bench.params.tunable import Tunable, nested, search_space
from cir_bench.records.tuning import TuningRecord, write_tuning
from cir_bench.runs.workbench import Workbench

from .conftest import Toy

pytestmark = pytest.mark.usefixtures("forked")
EPOCHS = ("--set", "training.epochs=2")


def choice(out: Path) -> dict[str, Any]:
    (path,) = (out / "tuning").rglob("tuning.json")
    return json.loads(path.read_text(encoding="utf-8"))


def tried(out: Path) -> list[tuple[dict[str, float], str, float | None]]:
    return [(one["values"], one["state"], one["score"]) for one in choice(out)["trials"]]


@pytest.fixture
def tune(toy: Toy):
    def run(*options: str, method: str = "tirg", trials: int = 7) -> tuple[int, str]:
        code = main(toy.argv("tune", "-m", method, "--trials", str(trials), *EPOCHS, *options))
        said = toy.capture.readouterr()
        return code, said.out + said.err

    return run


def test_the_space_is_what_the_method_declares() -> None:
    found = search_space(MethodParams(training=Training(clip_norm=None)))
    assert found["training.lr"] == Tunable(1e-5, 3e-2, log=True)
    assert "training.encoder_lr" not in found and "training.epochs" not in found
    assert nested({"training.lr": 1.0, "tau": 2.0}) == {"training": {"lr": 1.0}, "tau": 2.0}
    with pytest.raises(ValueError, match="not a range"):
        Tunable(0.0, 1.0, log=True)


def test_the_first_trial_is_the_method_as_it_is_and_the_best_one_is_chosen(toy: Toy, tune) -> None:
    code, said = tune()
    assert code == 0, said
    record = choice(toy.out)
    values = record["trials"][0]["values"]
    assert values["training.lr"] == 0.005  # the recipe's
    assert values["training.weight_decay"] == 0  # out of its range, which is logarithmic
    assert len(record["trials"]) == 7 and record["epochs"] == 2 and record["cell"]["method"] == "tirg"
    best = max(one["score"] for one in record["trials"] if one["score"] is not None)
    assert f"held out {best:.2f} (before: {record['trials'][0]['score']:.2f})" in said
    assert not toy.records()  # a trial is no cell


def test_a_run_uses_the_choice_and_says_so(toy: Toy, tune) -> None:
    tune()
    code, said = toy.run("-m", "tirg", "-m", "sum", *EPOCHS, "--tuned", str(toy.out / "tuning"))
    assert code == 0, said
    records = toy.records()
    (tuned,) = [record for record in records.values() if record.cell.method == "tirg"]
    best = max(choice(toy.out)["trials"], key=lambda one: one["score"] or -1)
    assert tuned.config["method"]["training"]["lr"] == best["values"]["training.lr"]
    assert tuned.tuning is not None and (tuned.tuning.trials, tuned.tuning.epochs) == (7, 2)
    assert tuned.ingredients["tuning"] == tuned.tuning.digest and "tuned=7x2" in tuned.cell.variant
    (other,) = [record for record in records.values() if record.cell.method == "sum"]
    assert other.tuning is None
    _, planned = toy.plan("-m", "tirg", *EPOCHS, "--tuned", str(toy.out / "tuning"), "-v")
    origins = {line.split()[0]: line.split()[-1] for line in planned.splitlines()}
    assert (origins["training.lr"], origins["training.epochs"]) == ("--tuned", "--set")


def test_a_choice_for_none_of_the_cells_is_a_mistake(toy: Toy, tune) -> None:
    tune(trials=1)
    code, said = toy.run("-m", "concat", *EPOCHS, "--tuned", str(toy.out / "tuning"))
    assert code == 2 and "no cell of this run was tuned there; it has tirg" in said


def test_a_second_time_nothing_is_run(toy: Toy, tune) -> None:
    tune()
    before = choice(toy.out)
    _, said = tune()
    assert choice(toy.out) == before and "[1/7]" not in said


def test_a_killed_tuning_goes_on_with_the_same_trials(another_toy, tmp_path: Path) -> None:
    whole, killed = another_toy("whole"), another_toy("killed")
    options = ("-m", "slow-tirg", "--trials", "6", *EPOCHS)
    assert main(whole.argv("tune", *options)) == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "cir_bench", *killed.argv("tune", *options)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "TOY_STEP_SECONDS": "0.05"},
    )
    while not list(killed.out.rglob("trial-2.lock")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    assert main(killed.argv("tune", *options)) == 0
    assert tried(killed.out) == tried(whole.out)


def test_two_processes_share_the_trials(toy: Toy) -> None:
    command = [sys.executable, "-m", "cir_bench", *toy.argv("tune", "-m", "slow-tirg", "--trials", "6", *EPOCHS)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "TOY_STEP_SECONDS": "0.05"}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    said = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    lines = [line.split("]")[0] for one in said for line in one.splitlines() if line.startswith("  [")]
    assert sorted(lines) == [f"  [{number}/6" for number in range(1, 7)]
    values = [json.dumps(one[0]) for one in tried(toy.out)]
    assert len(set(values)) == 6


def test_the_evaluation_split_is_out_of_reach(toy: Toy, tune, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    original = Workbench.__init__

    def spy(self: Workbench, *args: Any, **options: Any) -> None:
        asked.append(options["evaluates"])
        original(self, *args, **options)
        evaluation = self.data.evaluation

        def touch(cell: Any) -> Any:
            with pytest.raises(RunError, match="must not see the evaluation split"):
                evaluation(cell)
            raise AssertionError("tuning asked for the evaluation split")

        self.data.evaluation = touch

    monkeypatch.setattr(Workbench, "__init__", spy)
    code, said = tune(trials=2)
    assert code == 0, said
    assert asked == [False]


def test_a_trial_that_fails_counts_and_the_others_go_on(toy: Toy, tune) -> None:
    code, said = tune(method="nan-loss", trials=2)
    assert code == 1 and "no trial came as far as a held-out score" in said and "became nan" in said


def test_values_that_the_method_refuses_are_a_failed_trial(toy: Toy, tune) -> None:
    """A neighbourhood of more than a batch."""
    code, said = tune("--set", "training.batch_size=12", method="sadn")
    assert code == 0, said
    sizes = [(one["values"]["neighbours"], one["state"]) for one in choice(toy.out)["trials"]]
    assert any(size <= 12 for size, _ in sizes[1:]) and any(size > 12 for size, _ in sizes)
    assert all((state == "failed") == (size > 12) for size, state in sizes)


def test_selecting_on_the_evaluation_split_is_refused(tune) -> None:
    code, said = tune("--set", "selection.on=test")
    assert code == 1 and "tuning selects on held-out triplets" in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"trials": []}, "trials: Tuple should have at least 1 item"),
        ({"trials": [{"values": {"training.lr": 1}, "state": "finished", "score": "Infinity"}]}, "finite number"),
        ({"trials": [{"values": {"no.such": 1}, "state": "finished", "score": 1}]}, "has no parameter"),
        ({"format": "another"}, "cir-bench tuning 1"),
    ],
    ids=["no trial", "no number", "no parameter", "another format"],
)
def test_a_choice_from_elsewhere_is_checked(toy: Toy, tmp_path: Path, change: dict[str, Any], why: str) -> None:
    cell = {"method": "tirg", "benchmark": "toy", "protocol": "test@1", "encoder": "toy", "track": "controlled"}
    good = {
        "cell": cell | {"seed": 0},
        "epochs": 2,
        "seed": 0,
        "space": {},
        "trials": [{"values": {"training.lr": 0.01}, "state": "finished", "score": 50.0}],
    }
    file = tmp_path / "tuning.json"
    file.write_text(json.dumps(good | change), encoding="utf-8")
    code, said = toy.run("-m", "tirg", "--tuned", str(file))
    assert code == 2 and why in said and len(said.splitlines()) == 1


def test_two_tunings_are_named_where_one_of_them_would_be_used(toy: Toy, tmp_path: Path) -> None:
    key = {"benchmark": "toy", "protocol": "test@1", "encoder": "toy", "track": "controlled", "seed": 0}
    trials = [{"values": {"training.lr": 0.01}, "state": "finished", "score": 50.0}]
    for folder, method in (("a", "tirg"), ("b", "tirg"), ("c", "combiner")):
        told = {"cell": key | {"method": method}, "epochs": 2, "seed": 0, "space": {}, "trials": trials}
        write_tuning(TuningRecord.model_validate(told), tmp_path / folder)
    code, said = toy.plan("-m", "tirg", "--tuned", str(tmp_path))
    a, b = (tmp_path / folder / "tuning.json" for folder in "ab")
    assert code == 2 and f"{a} and {b} are both of tirg on toy; name one of them." in said
    assert toy.plan("-m", "combiner", "--tuned", str(tmp_path))[0] == 0


def test_a_tuning_that_is_not_there_is_told_from_one_of_another_version(toy: Toy, tmp_path: Path) -> None:
    code, said = toy.plan("-m", "tirg", "--tuned", str(tmp_path / "gone"))
    assert code == 2 and f"There is no {tmp_path / 'gone'}; name the folder of `cir-bench tune`" in said


def test_several_seeds_are_refused(tune) -> None:
    code, said = tune("--seeds", "2")
    assert code == 2 and "leave out --seeds" in said


def test_a_method_that_does_not_fit_the_encoder_stops_no_other(tune, toy: Toy) -> None:
    code, said = tune("-m", "wants-maps", trials=1)
    assert code == 1 and "needs" in said and "maps" in said
    assert choice(toy.out)["cell"]["method"] == "tirg"


def test_without_optuna_it_says_what_to_install(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(toy.argv("tune", "-m", "tirg")) == 2
    assert "pip install 'cir-bench[tune]'" in toy.capture.readouterr().err
