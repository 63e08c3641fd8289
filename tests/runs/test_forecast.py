"""What `plan` predicts: it grows as the work does, says what it is from, and says what will not fit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench import memory
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.runs.costs import (
    COSTS_FILE,
    CellCost,
    CostFile,
    ExtractionCost,
    Size,
    StageCost,
    batch_of,
    encoder_digest,
    settings_digest,
)
from cir_bench.runs.forecast import Forecast, Forecasts, Wanted
from cir_bench.runs.machine import Machine
from cir_bench.verbs.choice import RunChoice

HERE = Machine("cpu (a test, 2 cores)", host_mib=4000.0)
SIZE = Size(examples=1000, queries=50, gallery=400, pairs=20_000)
REGISTRY = load_plugins(PluginOptions(third_party=False))


def cell(**training):
    mentioned = {"methods": ["tirg"], "benchmarks": ["css"], "settings": {"training": training}}
    return RunChoice(mentioned).resolve(REGISTRY).cells[0]


CELL = cell(epochs=10)


def cost(of=CELL, size=SIZE, **changes):
    """Of a cell: 2 s an epoch, 3 s of embedding, 5 s of searching, 1 s of measuring and 4 s of preparing."""
    config = of.config()
    facts = {
        "cell": of.key,
        "device": HERE.device,
        "precision": "float32",
        "threads": 1,
        "settings": settings_digest(config["method"], False),
        "encoder": encoder_digest(config["encoder"], of.has_trained_encoder),
        "learns_from": "triplets",
        "size": size,
        "batch": batch_of(config["method"]),
        "stages": (StageCost(asked=10, ran=10, seconds=2.0),),
        **{"preparing": 4.0, "embedding": 3.0, "searching": 5.0, "evaluating": 1.0},
        **{"device_mib": 900.0, "host_mib": 1000.0, "tables_mib": 300.0, "finished": "2026-01-01"},
    }
    return CellCost(**{**facts, **changes})


def elsewhere(size, **changes):
    """Another cell, whose benchmark has this size; css is then known to be larger or smaller."""
    return cost(size=size, cell=CELL.key.model_copy(update={"benchmark": "other"}), **changes)


def test_another_seed_is_predicted_to_cost_the_same():
    found = Forecasts([cost(), cost(cell=CELL.key.model_copy(update={"seed": 1}))], HERE).of(Wanted.of_cell(CELL))
    assert found == Forecast(33.0, 900.0, 1000.0, "records", 2)
    assert str(found) == "from 2 records of this machine"


def test_the_same_cell_in_cache_and_records_counts_once():
    assert Forecasts([cost(), cost()], HERE).of(Wanted.of_cell(CELL)).of == 1


@given(st.integers(1, 200))
def test_epochs_are_paid_for_one_by_one(epochs):
    found = Forecasts([cost()], HERE).of(Wanted.of_cell(cell(epochs=epochs)))
    assert found.basis == "records"
    assert found.seconds == pytest.approx(13.0 + 2.0 * epochs)


def test_a_training_that_stopped_early_does_so_again():
    stopped = cost(stages=(StageCost(asked=10, ran=4, seconds=2.0),))
    assert Forecasts([stopped], HERE).of(Wanted.of_cell(cell(epochs=50))).seconds == pytest.approx(13.0 + 8.0)
    assert Forecasts([stopped], HERE).of(Wanted.of_cell(cell(epochs=3))).seconds == pytest.approx(13.0 + 6.0)


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0.1, 50))
def test_each_part_grows_with_what_it_works_on(examples, queries, gallery):
    size = Size(examples=int(1000 * examples), queries=int(50 * queries), gallery=int(400 * gallery), pairs=1)
    size = size.model_copy(update={"pairs": size.queries * size.gallery})
    found = Forecasts([elsewhere(SIZE)], HERE).of(Wanted.of_cell(CELL), lambda: size)
    items = (size.examples + size.gallery) / 1400
    parts = (
        4.0 * items,
        20.0 * size.examples / 1000,
        3.0 * size.gallery / 400,
        5.0 * size.pairs / 20_000,
        1.0 * size.queries / 50,
    )
    assert found.basis == "calibrated"
    assert found.seconds == pytest.approx(sum(parts))
    assert found.device_mib == pytest.approx(600.0 + 300.0 * items)
    assert found.host_mib == pytest.approx(700.0 + 300.0 * items)


def test_a_quick_look_says_how_large_the_whole_is():
    whole = Size(examples=8000, queries=500, gallery=4000, pairs=2_000_000)
    found = Forecasts([cost(limit=50, whole=whole)], HERE).of(Wanted.of_cell(CELL))
    assert found.basis == "calibrated"
    assert found.seconds == pytest.approx(4 * 12000 / 1400 + 20 * 8 + 3 * 10 + 5 * 100 + 10)


def test_larger_batches_need_more_memory_but_features_stay():
    batch = batch_of(CELL.config()["method"])
    found = Forecasts([cost()], HERE).of(Wanted.of_cell(cell(epochs=10, batch_size=2 * batch)))
    assert (found.basis, found.device_mib) == ("calibrated", 600.0 * 2 + 300.0)


@pytest.mark.parametrize(
    "other", [{"device": "cpu (another, 2 cores)"}, {"precision": "bfloat16"}, {"encoder": "other"}]
)
def test_nothing_is_known_from_other_machines_precisions_and_encoders(other):
    assert Forecasts([cost(**other)], HERE).of(Wanted.of_cell(CELL)) == Forecast()


def test_cells_with_as_many_threads_come_first():
    costs = [cost(), cost(threads=8, embedding=0.0, finished="2026-01-02")]
    assert Forecasts(costs, Machine(HERE.device, threads=1)).of(Wanted.of_cell(CELL)).seconds == 33.0
    assert Forecasts(costs, HERE).of(Wanted.of_cell(CELL)).seconds == 30.0


def test_what_does_not_fit_is_said():
    found = Forecast(1.0, 5000.0, 9000.0)
    assert found.misfit(Machine("gpu", 16000.0, 4096.0)) == (
        "it needs about 4.9 GiB of the device, which has 4.0 GiB free"
    )
    assert found.misfit(Machine("gpu", 8192.0, 81920.0)) == "it needs about 8.8 GiB of memory, and 8.0 GiB are free"
    assert found.misfit(Machine("gpu", 16000.0, 81920.0)) == ""
    assert Forecast().misfit(HERE) == ""


def test_extractions_are_timed_by_encoder_and_role():
    timed = ExtractionCost(
        encoder="tiny", role="image", levels=("pooled",), device=HERE.device, threads=1, items=50, seconds=5.0
    )
    known = Forecasts([timed, timed.model_copy(update={"items": 150, "seconds": 5.0})], HERE)
    assert known.extracting("tiny", "image", 1000) == pytest.approx(50.0)
    assert known.extracting("tiny", "text", 1000) is None


def test_costs_survive_lines_that_are_cut_and_a_file_that_grows(tmp_path, monkeypatch):
    file = CostFile(tmp_path / "cache")
    file.add(cost())
    with (tmp_path / "cache" / COSTS_FILE).open("ab") as raw:
        raw.write(b'{"kind": "cell", "cel\n')
    file.add(cost(threads=3))
    assert [one.threads for one in file.read()] == [1, 3]
    monkeypatch.setattr("cir_bench.runs.costs.MOST_BYTES", 2000)
    for threads in range(4, 12):
        file.add(cost(threads=threads))
    assert file.read()[-1].threads == 11
    assert (tmp_path / "cache" / COSTS_FILE).stat().st_size <= 2000


def test_the_memory_of_a_container_is_its_own(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 9999999 kB\nMemAvailable: 8388608 kB\n")
    monkeypatch.setattr(memory, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert memory.free_host_mib() == 8192.0
    (tmp_path / "memory.max").write_text(f"{4 << 30}\n")
    (tmp_path / "memory.current").write_text(f"{3 << 30}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {1 << 30}\n")
    assert memory.free_host_mib() == 2048.0
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_host_mib() == 8192.0


def test_a_plan_predicts_from_what_ran_with_the_same_cache(toy, another_toy, monkeypatch):
    short = ("--set", "tirg.selection.on=last", "--set", "tirg.training.epochs=2")
    assert toy.run("-m", "sum", "-m", "tirg", *short)[0] == 0
    later = another_toy("later")
    later.cache = toy.cache
    longer = (*short[:-1], "tirg.training.epochs=4")
    (planned,) = json.loads(later.plan("-m", "tirg", *longer, "--json")[1])["cells"]
    assert (planned["state"], planned["basis"], planned["basis_cells"], planned["fits"]) == (
        "to do",
        "records",
        1,
        True,
    )
    (record,) = (one for one in toy.records().values() if one.cell.method == "tirg")
    phases = {}
    for phase in record.cost.phases:
        phases[phase.name] = phases.get(phase.name, 0.0) + phase.seconds
    rest = sum(phases[name] for name in ("preparing", "ranking", "evaluating"))
    assert planned["seconds"] == pytest.approx(rest + 2 * record.cost.train_seconds)
    assert planned["device_mib"] == pytest.approx(record.cost.peak_memory_mib)
    assert record.cost.features_mib > 0
    assert "MiB (from 1 record of this machine)" in later.plan("-m", "sum")[1].replace("\n", " ").replace("  ", "")
    both = ("-m", "sum", "-m", "tirg", *longer, "--max-cells", "3")
    facts = json.loads(later.plan(*both, "--json")[1])
    assert facts["together"]["host_mib"] == pytest.approx(sum(cell["host_mib"] for cell in facts["cells"]))
    assert (facts["together"]["cells"], facts["together"]["misfit"]) == (2, "")
    assert json.loads(later.plan(*both[:-2], "--json")[1])["together"] is None
    largest = max(cell["host_mib"] for cell in facts["cells"])
    monkeypatch.setattr("cir_bench.runs.machine.free_host_mib", lambda: largest + 1)  # for one, but not for both
    said = " ".join(later.plan(*both)[1].split())
    assert "together the 2 largest cells need about" in said and said.count("will not fit") == 1
    assert "are free (choose a smaller --max-cells)" in said
