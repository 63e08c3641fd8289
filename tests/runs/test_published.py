"""``--weights FILE``: published weights are evaluated without training, and everything says so."""

from __future__ import annotations

import hashlib
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.published_plugin import checkpoint
from support.toy_plugin import Toy as ToyData
from support.toy_plugin import ToyEncoder, ToyParams, _one_hot

from cir_bench.cli.app import main
from cir_bench.errors import RunError
from cir_bench.leaderboards import build, render
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.find import known_protocols
from cir_bench.records.load import load_records, read_records
from cir_bench.records.record import RunRecord
from cir_bench.runs.assembly import restore
from cir_bench.runs.recorded import cell_of
from cir_bench.runs.status import CHECKPOINTS
from cir_bench.runs.workbench import Workbench

from .conftest import PLUGIN, Toy

OTHER = PLUGIN.with_name("published_plugin.py")


@pytest.fixture
def linear(toy: Toy) -> Toy:
    """`toy`, with the methods of `published_plugin`."""
    argv = toy.argv
    toy.argv = lambda verb, *options: argv(verb, "--plugin", str(OTHER), *options)  # type: ignore[method-assign]
    return toy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return save(tmp_path / "linear.pt", checkpoint())


def save(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def registry() -> Registry:
    return load_plugins(PluginOptions(files=(PLUGIN, OTHER)), environ={})


def only(toy: Toy) -> RunRecord:
    (record,) = read_records(toy.out)[0].values()
    return record


def test_nothing_is_trained_and_the_record_says_with_what(linear: Toy, file: Path) -> None:
    code, said = linear.run("-m", "linear", "--weights", str(file))
    assert code == 0, said
    record, digest = only(linear), hashlib.sha256(file.read_bytes()).hexdigest()
    assert record.weights is not None
    assert (record.weights.file, record.weights.sha256) == ("linear.pt", digest)
    assert (record.weights.entry, record.weights.caution) == ("Phi", "chosen on the evaluation split")
    assert record.ingredients["weights"] == digest
    assert record.cell.variant == f"published={digest[:12]}"
    assert record.method is not None
    assert (record.method.parameters, record.method.trained_parameters) == (24 * 24 + 24 + 1, 0)
    assert record.history == ()
    assert record.selection is not None
    assert record.selection.on == "nothing to train"
    assert record.config["method"]["training"]["epochs"] == 0
    assert record.training_data == (f"unknown (published weights {digest[:12]})",)
    assert record.dataset is not None
    assert record.dataset.n_train == 0


def test_the_metrics_are_those_of_the_weights(linear: Toy, file: Path) -> None:
    """The toy encoder, the weights and the ranking by hand."""
    linear.run("-m", "linear", "--weights", str(file))
    encoder, weights = ToyEncoder(None, None), checkpoint()["Phi"]
    dataset = ToyData(ToyParams(), None)
    names = dataset.gallery("test")
    pixels = torch.stack([_one_hot([int(digit) for digit in name]) for name in names]) @ encoder.image_weights
    hits = []
    for query in dataset.queries("test"):
        text = encoder.encode_texts(query.captions, None).pooled
        moved = text @ weights["module.fc.weight"].T + weights["module.fc.bias"]
        scores = torch.cosine_similarity(pixels[names.index(query.reference)] + moved, pixels)
        scores[names.index(query.reference)] = -2
        hits.append(names[int(scores.argmax())] == query.targets[0])
    assert only(linear).metrics["R@1"] == pytest.approx(100 * sum(hits) / len(hits), abs=1e-6)
    assert 0 < sum(hits) < len(hits)


def test_other_methods_of_the_run_are_trained_as_ever(linear: Toy, file: Path) -> None:
    options = ("-m", "linear", "-m", "tirg", "--weights", f"linear={file}", "--set", "training.epochs=1")
    code, said = linear.run(*options, "--seeds", "2")
    assert code == 0, said
    assert "Methods with --weights are not trained" in said
    found = {(r.cell.method, r.cell.seed): r for r in read_records(linear.out)[0].values()}
    assert sorted(found) == [("linear", 0), ("tirg", 0), ("tirg", 1)]
    assert found["linear", 0].weights is not None
    assert found["tirg", 0].weights is None
    assert len(found["tirg", 0].history) == 1
    assert "training" not in found["linear", 0].cell.variant


def test_a_second_time_nothing_is_run_and_another_file_is_another_cell(linear: Toy, file: Path, tmp_path: Path) -> None:
    linear.run("-m", "linear", "--weights", str(file))
    copy = tmp_path / "copy=1.pt"
    copy.write_bytes(file.read_bytes())
    assert "1 done before" in linear.run("-m", "linear", "--weights", str(copy))[1]
    assert linear.plan("-m", "linear", "--weights", str(file))[1].startswith("done ")
    save(file, checkpoint(seed=1))
    code, planned = linear.plan("-m", "linear", "--weights", str(file), "-v")
    assert code == 0
    assert planned.startswith("to do ")
    assert f"linear [published={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}]" in planned
    assert [line.split() for line in planned.splitlines() if "training.epochs" in line] == [
        ["training.epochs", "0", "--weights"]
    ]
    linear.run("-m", "linear", "--weights", str(file))
    assert len(read_records(linear.out)[0]) == 2


def test_settings_of_the_training_do_not_make_it_stale(linear: Toy, file: Path) -> None:
    """What is left of them in the record is not what the numbers depend on."""
    linear.run("-m", "linear", "--weights", str(file))
    names = {name.partition(".")[2] for name in only(linear).ingredients if name.startswith("method.")}
    assert not any(name.startswith(("training", "selection")) for name in names)


def test_damaged_files_of_a_cell_make_it_stale(linear: Toy, file: Path) -> None:
    linear.run("-m", "linear", "--weights", str(file))
    (ranking,) = linear.out.rglob("rankings/*")
    ranking.write_bytes(b"")
    state = linear.plan("-m", "linear", "--weights", str(file))[1]
    assert state.startswith("stale")
    assert "is damaged" in state


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["tirg=FILE"], "the plugin of method 'tirg' does not say how published weights of it are saved"),
        (["FILE"], "several methods are run (linear, tirg); write METHOD=FILE"),
        (["lineal=FILE"], "no method of this run is called 'lineal'; did you mean 'linear'?"),
        (["linear=FILE", "linear=FILE"], "there are already weights of linear"),
        (["linear="], "--weights linear=: the file is missing; write linear=FILE."),
        (["linear=/dev/zero"], "/dev/zero is not a regular file."),
        (["linear=FILE.no"], "linear.pt.no cannot be read (No such file or directory)"),
    ],
)
def test_mistakes_in_the_option_stop_the_run(linear: Toy, file: Path, given: list[str], expected: str) -> None:
    options = [word for one in given for word in ("--weights", one.replace("FILE", str(file)))]
    code, said = linear.run("-m", "linear", "-m", "tirg", *options)
    assert (code, len(said.strip().splitlines())) == (2, 1)
    assert expected in said
    assert not linear.out.exists()


@pytest.mark.parametrize("key", ["training.epochs=3", "training.lr=1", "selection.on=test"])
def test_settings_of_a_training_that_does_not_happen_are_refused(linear: Toy, file: Path, key: str) -> None:
    code, said = linear.run("-m", "linear", "--weights", str(file), "--set", key)
    assert code == 2
    assert f"--set {key.partition('.')[0]}.…: with --weights nothing is trained; leave it out." in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"epoch": 1, "CLIP": {}}, "has no entry 'Phi'; at the top level it has the keys epoch, CLIP"),
        ({"args": Namespace()}, "contains argparse.Namespace, which is more than tensors"),
        (
            checkpoint(width=32),
            "cannot be loaded (in 'Phi'): its weights are for features of width 32, and those of toy have width 24; "
            "use -e toy-wide",
        ),
        ({"Phi": {"fc.bias": torch.ones(24)}}, "cannot be loaded (in 'Phi'): 1 weight is missing (fc.weight)"),
    ],
)
def test_a_file_that_does_not_fit_fails_its_cell_alone(
    linear: Toy, tmp_path: Path, content: Any, expected: str
) -> None:
    path = save(tmp_path / "w.pt", content)
    code, said = linear.run("-m", "linear", "-m", "sum", "--weights", f"linear={path}")
    assert code == 1
    assert f"{path} {expected}" in said
    assert "Traceback" not in said
    assert "1 run, 0 done before, 1 failed" in said
    state = linear.plan("-m", "linear", "--weights", str(path))[1]
    assert state.startswith("failed")


def test_a_layout_that_breaks_is_its_plugins_fault(linear: Toy, file: Path) -> None:
    code, _ = linear.run("-m", "fails", "--weights", str(file))
    assert code == 1
    failure = only(linear).failure
    assert failure is not None
    assert (failure.plugin, failure.stage) == ("published_plugin.py", "reading published weights")
    assert "toy failure" in failure.exception


def test_random_encoders_are_refused(linear: Toy, file: Path) -> None:
    code, said = linear.run("-m", "linear", "-e", "toy-live", "--weights", str(file))
    assert code == 1
    assert "encoder 'toy-live' has random weights, and with --weights nothing is trained" in said


def test_a_data_set_without_training_triplets_is_no_obstacle(linear: Toy, file: Path) -> None:
    argv = ["plan", "--plugin", str(PLUGIN), "--plugin", str(OTHER), "-b", "circo/val", "-e", "toy", "-m", "linear"]
    main(argv)
    assert "must be trained" in linear.capture.readouterr().out
    main([*argv, "--weights", str(file)])
    assert linear.capture.readouterr().out.startswith("to do ")


def test_the_table_and_the_report_say_that_they_are_published(linear: Toy, file: Path) -> None:
    linear.run("-m", "linear", "-m", "sum", "--weights", f"linear={file}")
    mark = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    records, left_out = load_records([linear.out], known_protocols(registry().benchmark_paths()))
    assert not left_out
    leaderboard = build(records)
    (row,) = [one for one in leaderboard.sections[0].rows if one.method == "linear"]
    assert row.rank is not None
    assert row.remarks[-1] == "published weights, not trained for this table; chosen on the evaluation split"
    assert (
        json.loads(leaderboard.model_dump_json())["sections"][0]["rows"][row.rank - 1]["weights"]["sha256"][:12] == mark
    )
    table = render(leaderboard)
    assert f"`linear` (`published={mark}`)" in table
    assert "**Published weights**: rows that say so were not trained for this table" in table


def test_a_table_without_them_does_not_speak_of_them(linear: Toy) -> None:
    linear.run("-m", "sum")
    assert "ublished weights" not in (linear.out / "LEADERBOARD.md").read_text(encoding="utf-8")


def test_the_weights_are_kept_for_the_report(linear: Toy, file: Path, tmp_path: Path) -> None:
    linear.run("-m", "linear", "--weights", str(file))
    file.unlink()
    here = registry()
    (stored,) = load_records([linear.out])[0]
    bench = Workbench(None, tmp_path / "cache", torch.device("cpu"))
    restored = restore(cell_of(stored.record, here), bench, here, stored.folder)
    assert torch.equal(restored.method.composer.layer.weight, checkpoint()["Phi"]["module.fc.weight"])
    for path in (stored.folder / CHECKPOINTS).iterdir():
        path.unlink()
    with pytest.raises(RunError, match="were not kept"):
        restore(cell_of(stored.record, here), bench, here, stored.folder)


def test_a_configuration_file_names_them(linear: Toy, file: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(f"methods: [linear]\nweights: [{file}]\n", encoding="utf-8")
    code, said = linear.run("--config", str(config))
    assert code == 0, said
    assert only(linear).weights is not None


def test_nothing_can_be_tuned(linear: Toy, file: Path) -> None:
    pytest.importorskip("optuna")
    main(linear.argv("tune", "-m", "linear", "--trials", "1", "--weights", str(file)))
    assert "nothing to train, nothing to tune" in linear.capture.readouterr().out
