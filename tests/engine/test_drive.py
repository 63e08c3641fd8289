"""Cells on an executor whose workers share no files: the same records, tried again when a worker is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.testing.executor import comparable

from .conftest import Engine

AWAY = ("--on", "away", "--max-cells", "2", "--cpus-per-cell", "1")
TRAINED = ("-m", "dies", "--set", "training.epochs=4")
pytestmark = pytest.mark.usefixtures("forked")  # the jobs; real ones are those of tests/plugins/executors


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The records of this process, without an executor."""
    engine = Engine(tmp_path_factory.mktemp("here"), None)
    assert engine.run(*TRAINED, "-m", "sum", "-m", "text-only")[0] == 0
    return {name: comparable(record) for name, record in engine.records().items()}


def test_a_matrix_has_the_records_of_one_process(engine, here) -> None:
    """Features that several cells read are extracted once, come home, and go out with each cell."""
    methods = ("-m", "sum", "-m", "text-only", *TRAINED)
    code, said = engine.run(*methods, *AWAY)
    assert code == 0, said
    assert "[1/3] dies" in said, "the longest begins first"
    assert {name: comparable(record) for name, record in engine.records().items()} == here
    assert [any("cache/" in name for name in sent) for sent in engine.sent("features")] == [False]
    for method in ("sum", "text-only"):
        ((*sent,),) = engine.sent(method)
        assert any(name.endswith(".safetensors") for name in sent if name.startswith("cache/features/"))
    assert not list(engine.out.rglob("last.pt")) and list(engine.out.rglob("weights-*.safetensors"))
    assert said.count("features, images of toy (test): pooled: 41/41") == 1
    code, said = engine.run(*methods, *AWAY, "--json")
    assert code == 0 and "3 done before" in said
    found = [json.loads(line)["cell"]["method"] for line in said.splitlines() if line.startswith('{"')]
    assert found == ["sum", "text-only", "dies"], "as without an executor"


def test_a_lost_cell_goes_on_from_its_last_checkpoint(engine, here, monkeypatch) -> None:
    counter = engine.folder / "deaths"
    counter.write_text("1")
    monkeypatch.setenv("DIES_COUNT", str(counter))
    code, said = engine.run(*TRAINED, *AWAY)
    assert code == 0, said
    first, second = engine.sent("dies")
    assert not any(name.endswith("last.pt") for name in first)
    assert any(name.endswith("last.pt") for name in second)
    found = comparable(engine.records()["dies"])
    assert found == here["dies"]
    assert said.count("[1/1]") == 1, "a cell starts once, however often it is tried"


def test_a_cell_that_kills_its_worker_again_and_again_is_failed_by_name(engine, monkeypatch) -> None:
    counter = engine.folder / "deaths"
    counter.write_text("9")
    monkeypatch.setenv("DIES_COUNT", str(counter))
    code, said = engine.run(*TRAINED, "-m", "sum", *AWAY, "--retries", "1")
    assert code == 1
    assert (
        "did not run: dies [training.epochs=4] on toy/test@1" in said
        and "its worker was lost 2 times" in said
        and "SIGKILL" in said
    )
    assert engine.records()["sum"].status == "done"
    assert counter.read_text() == "7"
    code, said = engine.run(*TRAINED, *AWAY)
    assert code == 1 and "failed before" in said
    counter.write_text("0")
    code, said = engine.run(*TRAINED, *AWAY, "--retry-failed")
    assert code == 0, said
    assert engine.sent("dies")[-1], said


def test_an_error_of_a_cell_is_its_own_and_is_not_tried_again(engine) -> None:
    code, said = engine.run("-m", "breaks", "-m", "sum", *AWAY)
    assert code == 1 and "toy failure" in said
    assert engine.records()["breaks"].failure.exception == "ZeroDivisionError: toy failure"
    assert len(engine.sent("breaks")) == 1 and engine.records()["sum"].status == "done"
    code, said = engine.run("-m", "breaks", *AWAY)
    assert "failed before" in said and len(engine.sent("breaks")) == 1


def test_a_cell_that_takes_too_long_is_stopped(engine, monkeypatch) -> None:
    monkeypatch.setenv("TOY_STEP_SECONDS", "60")
    code, said = engine.run("-m", "slow-tirg", *AWAY, "--cell-timeout", "5")
    assert code == 1 and "it was stopped after 5 s (--cell-timeout)" in said, said


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_the_driver_is_stopped_and_the_same_command_finishes(engine, here, sign) -> None:
    words = ("-m", "slow-tirg", "--set", "training.epochs=4", *AWAY)
    process = subprocess.Popen(
        [sys.executable, "-m", "cir_bench", *engine.argv(*words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "TOY_STEP_SECONDS": "0.2"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    while not list(engine.out.rglob("last.pt")):
        assert process.poll() is None, process.communicate()[0].decode()
        time.sleep(0.05)
    process.send_signal(sign)
    said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == (-9 if sign == signal.SIGKILL else 130), said
    assert "Traceback" not in said and not engine.records()
    code, said = engine.run(*words)
    assert code == 0, said
    assert any(name.endswith("last.pt") for name in engine.sent("slow-tirg")[-1])
    record = engine.records()["slow-tirg"]
    assert record.metrics == engine_metrics(here) and len(record.history) == 4


def engine_metrics(here):
    """Those of ``dies``, which trains as ``slow-tirg`` does."""
    return here["dies"]["metrics"]


def test_mistakes_in_the_options_are_one_sentence(engine, monkeypatch) -> None:
    code, said = engine.run("-m", "sum", "--on", "lokal")
    assert code == 2 and "there is no executor 'lokal'; did you mean 'local'?" in said
    code, said = engine.run("-m", "sum", "--on", "local", "--partition", "gpu")
    assert code == 2 and "executor 'local' has no parameter partition" in said
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    code, said = engine.run("-m", "sum", "--gpus-per-cell", "2")
    assert code == 2 and "--gpus-per-cell 2: this machine has 1 GPUs; give each cell fewer." in said
    code, said = engine.run("-m", "sum", "--gpus-per-cell", "1.5")
    assert code == 2 and "write a fraction below 1, or a whole number" in said


def test_relative_paths_mean_the_same_to_a_worker(tmp_path, monkeypatch, capsys) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (8, 8)).save(data / f"{name}.png")
    lines = [json.dumps({"image": name, "split": "val", "file": f"{name}.png"}) for name in ("a", "b")]
    (data / "gallery.jsonl").write_text("\n".join(lines))
    query = {"query_id": "q", "split": "val", "reference": "a", "text": "redder", "targets": ["b"]}
    (data / "triplets.jsonl").write_text(json.dumps(query))
    monkeypatch.chdir(tmp_path)
    words = ["-m", "random", "-b", "folder:data", "--on", "local", "--max-cells", "2", "--cache-dir", "cache"]
    code = main(["run", *words, "--device", "cpu", "--no-plugins"])
    assert code == 0, capsys.readouterr().err
    (record,) = read_records(Path("runs"))[0].values()
    assert record.status == "done"
