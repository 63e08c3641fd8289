"""`run` on the toy benchmark: records, skipping, staleness, failures, partial data, settings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cir_bench.records.record import RunRecord


def test_a_finished_cell_says_everything_about_its_numbers(toy) -> None:
    code, _ = toy.run("-m", "tirg")
    record = toy.records()["tirg/0"]
    assert code == 0 and record.status == "done"
    assert record.n_queries == {"": 96} and record.n_gallery == {"": 41}
    assert record.headline == "R@1" and record.metrics["R@1"] > 60
    assert record.protocol.reference == "removed" and len(record.protocol.hash) == 64
    assert record.dataset.synthetic and record.dataset.n_train < 612
    assert record.selection.on == "held-out" and 1 <= record.selection.epoch <= 6
    assert [epoch.epoch for epoch in record.history] == list(range(6))
    assert all(len(epoch.terms) == 1 and epoch.selection is not None for epoch in record.history)
    assert set(record.tags) == {"a", "b", "c"} and sum(tag["n"] for tag in record.tags.values()) == 96
    assert record.method.trained_parameters == record.method.parameters > 0
    assert record.training_data == ("toy/train",)
    assert record.environment.device.startswith("cpu") and record.cost.peak_memory_mib > 1
    assert (toy.out / "LEADERBOARD.md").read_text().count("`tirg`") == 2  # of both tables


def test_the_held_out_gallery_is_as_large_as_the_evaluation_s_unless_asked_otherwise(toy) -> None:
    few = ("-m", "tirg", "--set", "selection.fraction=0.02")
    toy.run(*few)
    toy.run(*few, "--set", "selection.gallery=own")
    filled, own = sorted(toy.records().values(), key=lambda record: "gallery=own" in record.cell.variant)
    assert own.selection.n_gallery < filled.selection.n_gallery == filled.n_gallery[""]
    assert filled.selection.n_queries == own.selection.n_queries
    assert filled.ingredients["method.selection.gallery"] == "filled"
    assert "method.selection.gallery" not in own.ingredients, "what was measured before galleries were filled stays so"


def test_a_second_run_skips_what_is_done_and_extracts_nothing(toy) -> None:
    toy.run("-m", "tirg", "-m", "sum")
    before = toy.records()
    code, said = toy.run("-m", "tirg", "-m", "sum")
    assert code == 0 and said.count(": done") == 2 and "features" not in said
    assert toy.records() == before


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(toy, another_toy) -> None:
    other = another_toy("other")
    toy.run("-m", "combiner", "--seeds", "2")
    other.run("-m", "combiner")
    mine = toy.records()
    assert other.records()["combiner/0"].metrics == mine["combiner/0"].metrics
    losses = [[list(epoch.terms.values()) for epoch in mine[f"combiner/{seed}"].history] for seed in (0, 1)]
    assert losses[0] != losses[1]


def test_every_ranking_is_kept_beside_the_record(toy) -> None:
    from cir_bench.evaluation.measure import measure
    from cir_bench.records.rankings import load_ranking

    toy.run("-m", "sum")
    (path,) = toy.out.rglob("rankings/all.jsonl.gz")
    ranking = load_ranking(path)
    assert len(ranking) == 96
    assert measure(ranking, ["R@1"]).metrics["R@1"] == pytest.approx(toy.records()["sum/0"].metrics["R@1"])


def test_a_changed_ingredient_makes_a_cell_stale_and_plan_says_which(toy) -> None:
    toy.run("-m", "sum")
    path = next(toy.out.rglob("record.json"))
    record = RunRecord.model_validate_json(path.read_text())
    older = record.ingredients | {"encoder.weights": "0" * 64, "method.version": "0"}
    path.write_text(record.model_copy(update={"ingredients": older}).model_dump_json())
    _, said = toy.plan("-m", "sum")
    assert "stale" in said and "encoder.weights 000000000000…" in said and "method.version 0 → 1" in said
    toy.run("-m", "sum")
    assert toy.records()["sum/0"].ingredients == record.ingredients


def test_gradient_checkpointing_is_recorded_and_no_ingredient_of_the_numbers(toy) -> None:
    toy.run("-m", "tirg", "--set", "training.gradient_checkpointing=true")
    (record,) = toy.records().values()
    assert record.config["method"]["training"]["gradient_checkpointing"] is True
    assert "method.training.encoder_eval" in record.ingredients
    assert not [name for name in record.ingredients if "gradient_checkpointing" in name]


def test_a_failing_method_is_recorded_and_blamed_and_the_rest_goes_on(toy) -> None:
    code, said = toy.run("-m", "breaks", "-m", "nan-loss", "-m", "sum")
    records = toy.records()
    assert code == 1 and re.search(r"^1 run, 0 done before, 2 failed: .*\bbreaks on toy/test@1", said, re.MULTILINE)
    assert said.count("toy failure") == 1, "why it failed is said once"
    assert records["sum/0"].status == "done"
    failure = records["breaks/0"].failure
    assert failure.plugin == "toy_plugin.py" and failure.stage == "training"
    assert failure.exception == "ZeroDivisionError: toy failure" and "Traceback" not in said
    assert "'rank' became nan in epoch 0" in records["nan-loss/0"].failure.exception
    assert "did not run: ZeroDivisionError: toy failure" in (toy.out / "LEADERBOARD.md").read_text()


def test_a_failed_cell_is_run_again_only_when_asked(toy) -> None:
    toy.run("-m", "breaks")
    first = toy.records()["breaks/0"]
    code, said = toy.run("-m", "breaks")
    assert code == 1 and "failed before" in said and said.count("toy failure") == 1
    assert said.endswith("--retry-failed runs again what failed before.\n") and toy.records()["breaks/0"] == first
    _, said = toy.run("-m", "breaks", "--retry-failed")
    assert "failed before" not in said


def test_fail_fast_stops_at_the_first_failure(toy) -> None:
    code, _ = toy.run("-m", "breaks", "-m", "nan-loss", "--fail-fast")
    assert code == 1 and list(toy.records()) == ["breaks/0"]


def test_an_impossible_pairing_is_refused_before_any_work_with_the_reason(toy) -> None:
    code, said = toy.plan("-m", "wants-maps")
    assert code == 1
    assert "refused" in said and "needs image features maps (it gives pooled) from encoder 'toy'" in said
    code, _ = toy.run("-m", "wants-maps")
    assert code == 1 and toy.records()["wants-maps/0"].failure.stage == "pairing"
    assert not toy.cache.exists() or not list(toy.cache.rglob("*.safetensors"))


def test_plan_counts_cells_features_and_time_without_writing(toy) -> None:
    _, said = toy.plan("-m", "tirg", "--features")
    assert said.startswith("to do") and "41 of 41 images of toy (test)" in said and "images of toy (train)" in said
    assert "Time: no estimate for 1 cell never run here." in said and not toy.out.exists()
    toy.run("-m", "tirg")
    _, said = toy.plan("-m", "tirg", "--seeds", "2", "--features")
    assert "done        tirg" in said and "to do       tirg" in said and "About 0 MiB of features" in said
    assert "never run here" not in said and "(from 1 record of this machine)" in said
    assert "Time: none, there is nothing to do." in toy.plan("-m", "tirg")[1]


def test_plan_extracts_nothing_for_an_encoder_that_is_trained(toy) -> None:
    code, said = toy.plan("-m", "tirg", "-e", "toy-live", "--features")
    assert code == 0 and said.startswith("to do") and "images of toy" not in said and "problem" not in said, said


def test_an_incomplete_gallery_is_refused_and_marked_partial_when_allowed(toy) -> None:
    broken = ("-m", "sum", "--set", "dataset.missing=['000']")
    code, said = toy.run(*broken)
    assert code == 1 and "1 of 41 images of split 'test' are missing (000)" in said and "--allow-partial" in said
    code, said = toy.run(*broken, "--allow-partial", "--retry-failed")
    (record,) = toy.records().values()
    assert code == 0 and record.partial and record.dataset.missing_images == 1 and record.n_gallery == {"": 40}
    assert "partial" in said and "partial" in (toy.out / "LEADERBOARD.md").read_text()


def test_settings_are_typed_and_unknown_ones_are_refused_with_the_nearest_name(toy) -> None:
    code, said = toy.run("-m", "tirg", "--set", "trainning.epochs=2")
    assert code == 2 and "'trainning'" in said and "did you mean 'training'?" in said
    code, said = toy.run("-m", "tirg", "--set", "training.epoch=2")
    assert code == 2 and "training.epochs" in said
    code, said = toy.run("-m", "tirg", "--set", "training.epochs=many")
    assert code == 2 and "training.epochs" in said and "Traceback" not in said
    assert not toy.out.exists()


def test_a_setting_makes_a_variant_of_its_own(toy) -> None:
    toy.run("-m", "tirg", "-m", "concat", "--set", "training.epochs=2", "--set", "tirg.training.lr=0.001")
    records = toy.records()
    assert set(records) == {"tirg+training.epochs=2 training.lr=0.001/0", "concat+training.epochs=2/0"}
    assert all(len(record.history) == 2 for record in records.values())
    toy.run("-m", "tirg")
    assert len(toy.records()) == 3


@pytest.mark.parametrize(
    ("one", "other", "variant"),
    [
        ("training.epochs=1000", "training.epochs=1e3", "training.epochs=1000"),
        ("training.lr=0.001", "training.lr=1e-3", "training.lr=0.001"),
        ("training.weight_decay=0", "training.weight_decay=0.0", "training.weight_decay=0"),
        ("training.encoder_eval=true", "training.encoder_eval=yes", "training.encoder_eval=True"),
        ("training.milestones=[1, 2]", "training.milestones=[1.0, 2.0]", "training.milestones=[1,2]"),
        ("dataset.missing=['000']", "dataset={missing: ['000']}", "dataset.missing=['000']"),
    ],
)
def test_the_same_value_written_otherwise_is_the_same_cell(toy, one: str, other: str, variant: str) -> None:
    from cir_bench.cli.app import main

    keys = []
    for setting in (one, other):
        assert main(toy.argv("plan", "-m", "tirg", "--set", setting, "--json")) == 0
        keys.append(json.loads(toy.capture.readouterr().out)["cells"][0]["variant"])
    assert keys == [variant, variant]


@pytest.mark.parametrize(
    ("yaml", "sentence"),
    [
        ("methods: sum", "methods='sum' is not allowed (write a list, [sum])"),
        ("out: ''", "out='' is not allowed (name a folder, such as runs"),
        ("seeds: 1001", "seeds=1001 is not allowed (input should be less than or equal to 1000)"),
    ],
)
def test_a_wrong_value_in_a_file_is_told_in_words_of_yaml(toy, tmp_path: Path, yaml: str, sentence: str) -> None:
    from cir_bench.cli.app import main

    config = tmp_path / "run.yaml"
    config.write_text(f"{yaml}\n")
    code = main(["plan", "--config", str(config)])
    assert code == 2 and f"{config}: {sentence}" in toy.capture.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--out", ""), "out='' is not allowed (name a folder, such as runs"),
        (("-b", "folder:"), "'folder:' has no path after its colon; write folder:PATH"),
        (("--seeds", "1001"), "1000"),
    ],
)
def test_an_option_without_its_value_or_beyond_reason_is_refused(toy, options, sentence: str) -> None:
    code, said = toy.run("-m", "sum", *options)
    assert code == 2 and sentence in " ".join(said.replace("│", " ").split())
    assert not toy.out.exists()


def test_options_may_come_from_a_file_and_the_command_line_wins(toy, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("methods: [sum, image-only]\nseeds: 2\nsettings: {training: {epochs: 1}}\n")
    code, _ = toy.run("--config", str(config), "--seeds", "1")
    assert code == 0 and len(toy.records()) == 2
    config.write_text("method: [sum]\n")
    code, said = toy.run("--config", str(config))
    assert code == 2 and "did you mean 'methods'?" in said


@pytest.mark.parametrize("methods", [(), ("--all", "-m", "sum"), ("-m", "tirgg")])
def test_the_methods_must_be_named_once_and_rightly(toy, methods: tuple[str, ...]) -> None:
    code, said = toy.run(*methods)
    assert code == 2 and said.count("cir-bench:") >= 1 and not toy.out.exists()


def test_an_encoder_that_means_nothing_before_training_is_trained(toy) -> None:
    toy.run("-m", "sum", "-e", "toy-live")
    record = toy.records()["sum/0"]
    assert record.encoder.trained and record.method.trained_parameters == 2 * 15 * 24
    assert len(record.history) == 6 and record.selection.on == "held-out"
    assert not list(toy.cache.rglob("*.safetensors"))


def test_the_number_of_workers_does_not_change_numbers(toy, another_toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cir_bench.features.processes.WORTH_WORKERS", 1)
    other = another_toy("other")
    toy.run("-m", "sum", "-e", "toy-live", "--workers", "0")
    other.run("-m", "sum", "-e", "toy-live", "--workers", "2")
    one, two = toy.records()["sum/0"], other.records()["sum/0"]
    assert [(e.terms, e.selection) for e in one.history] == [(e.terms, e.selection) for e in two.history]
    assert one.metrics == two.metrics and one.warnings == two.warnings == ()


def test_choosing_on_the_test_split_is_marked(toy) -> None:
    toy.run("-m", "tirg", "--set", "selection.on=test", "--set", "training.epochs=1")
    (record,) = toy.records().values()
    assert any("which leaks" in note for note in record.warnings)
    assert "leaks" in (toy.out / "LEADERBOARD.md").read_text()


def test_records_can_be_printed_as_json_lines(toy) -> None:
    from cir_bench.cli.app import main

    main(toy.argv("run", "-m", "sum", "--json"))
    lines = toy.capture.readouterr().out.splitlines()
    assert len(lines) == 1 and RunRecord.model_validate_json(lines[0]).cell.method == "sum"


def test_json_has_one_line_for_every_cell_run_now_done_before_or_failed(toy) -> None:
    from cir_bench.cli.app import main

    def lines(*options: str) -> dict[str, RunRecord]:
        assert main(toy.argv("run", "-m", "sum", "-m", "breaks", "-m", "wants-maps", "--json", *options)) == 1
        found = [RunRecord.model_validate_json(line) for line in toy.capture.readouterr().out.splitlines()]
        assert len(found) == 3
        return {record.cell.method: record for record in found}

    toy.run("-m", "image-only")  # not asked for below
    first = lines()
    assert {name: r.status for name, r in first.items()} == {"sum": "done", "breaks": "failed", "wants-maps": "failed"}
    again = lines()
    assert (again["sum"], again["breaks"]) == (first["sum"], first["breaks"])
    assert lines("--retry-failed")["breaks"].failure is not None


def test_the_benchmarks_budget_stands_above_what_a_method_chose_for_it(toy) -> None:
    toy.run("-m", "tuned")
    training = toy.records()["tuned/0"].config["method"]["training"]
    assert (training["epochs"], training["lr"], training["weight_decay"]) == (6, 0.005, 0.1)


def test_a_damaged_record_is_named_and_gives_exit_1_after_the_rest_is_written(toy) -> None:
    from cir_bench.cli.app import main

    toy.run("-m", "image-only")
    damaged = next(toy.out.rglob("record.json"))
    damaged.write_text("{")
    code, said = toy.run("-m", "sum")
    assert code == 1 and f"warning: {damaged} is not a readable run record" in said
    assert "`sum`" in (toy.out / "LEADERBOARD.md").read_text()
    assert main(toy.argv("run", "-m", "text-only", "--json")) == 1
    said = toy.capture.readouterr()
    record, left_out = map(json.loads, said.out.splitlines())
    assert record["cell"]["method"] == "text-only"
    assert [str(damaged) in sentence for sentence in left_out["left_out"]] == [True] and str(damaged) in said.err


def test_an_out_that_is_a_file_is_told_in_one_sentence(toy) -> None:
    toy.out.write_text("mine")
    code, said = toy.run("-m", "sum")
    assert code == 2 and said.startswith(f"cir-bench: --out {toy.out}: ") and "Not a directory" in said
    assert toy.out.read_text() == "mine"


def test_settings_that_are_no_mapping_are_refused(toy, tmp_path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text("methods: [sum]\nsettings: [1]\n")
    code, said = toy.plan("--config", str(path))
    assert code == 2 and "experiment.yaml: settings=[1] is not allowed; write settings: {training" in said


@pytest.mark.parametrize("device", ["meta", "lazy", "nonsense"])
def test_a_device_that_computes_nothing_is_refused(toy, device) -> None:
    code, said = toy.run("-m", "sum", "--device", device)
    assert code == 2 and f"--device {device}: " in said and "use auto, cpu, cuda" in said


LEAVES = """
import sys

import cir_bench as cb


class Leaves(cb.StandardMethod):
    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})

    def training_steps(self, batch, stage):
        print("on stdout")
        sys.exit(0)


@cb.hookimpl
def cir_bench_methods():
    return [cb.MethodSpec(name="leaves", summary="for tests", implementation=f"{__name__}:Leaves")]
"""


@pytest.fixture
def leaves(tmp_path) -> str:
    path = tmp_path / "leaves.py"
    path.write_text(LEAVES)
    return str(path)


def test_a_plugin_that_calls_sys_exit_fails_alone_and_the_run_does_not_end_well(toy, leaves) -> None:
    code, said = toy.run("--plugin", leaves, "-m", "leaves", "-m", "tirg")
    records = toy.records()
    assert code == 1 and "1 run, 0 done before, 1 failed" in said
    assert records["leaves/0"].failure.exception == "SystemExit: 0"
    assert records["leaves/0"].failure.plugin == "leaves.py" and records["tirg/0"].status == "done"


def test_what_a_plugin_prints_does_not_spoil_the_json(toy, leaves) -> None:
    from cir_bench.cli.app import main

    main(toy.argv("run", "--plugin", leaves, "-m", "leaves", "-m", "sum", "--json"))
    said = toy.capture.readouterr()
    records = [json.loads(line) for line in said.out.splitlines()]
    assert {record["cell"]["method"]: record["status"] for record in records} == {"leaves": "failed", "sum": "done"}
    assert "on stdout" in said.err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metrics": {}}, "has no metric 'R@1'"),
        ({"headline": "R@7"}, "has no metric 'R@7'"),
        ({"metrics": {"R@1": float("nan"), "R@5": 1.0}}, "its metric R@1 is NaN"),
    ],
)
def test_a_record_without_its_numbers_is_left_out_and_its_cell_is_run_again(toy, change, why) -> None:
    from cir_bench.cli.app import main

    toy.run("-m", "sum")
    before = toy.records()["sum/0"].metrics
    path = next(toy.out.rglob("record.json"))
    path.write_text(RunRecord.model_validate_json(path.read_text()).model_copy(update=change).model_dump_json())
    code = main(["leaderboard", "--records", str(toy.out), "--out", str(toy.out / "L.md")])
    assert code == 1 and f"warning: {path} is not a readable run record" in (said := toy.capture.readouterr().err)
    assert why in said
    toy.run("-m", "sum")
    assert toy.records()["sum/0"].metrics == before


def test_a_full_disk_is_told_with_its_remedy(toy, monkeypatch) -> None:
    import errno

    from cir_bench.runs import execute

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(execute, "save_part", full)
    code, said = toy.run("-m", "sum")
    assert code == 1 and "No space left on device" in said and "free some space" in said and "defect" not in said
    monkeypatch.undo()
    code, _ = toy.run("-m", "sum", "--retry-failed")
    assert code == 0
