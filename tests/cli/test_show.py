"""``cir-bench show``."""

from __future__ import annotations

import json

import pytest


def show(run, plugin, *words):
    return run("show", *words, "--no-plugins", "--plugin", plugin)


def test_a_method_with_all_that_is_known_of_it(run, plugin):
    lines = show(run, plugin, "my-method").out.splitlines()
    assert lines[0] == "method my-method: tries something"
    assert "paper: Something Tried, CVPR 2031" in lines
    assert "needs: image maps; text pooled; 1 map level" in lines
    assert "encoder with-maps: fits" in lines
    assert "trained on: webtext, shop/all" in lines
    assert "encoder pooled-only: lacks image features maps (it gives pooled)" in lines
    assert "encoder by-file: depends on its parameters" in lines
    assert "recipe of the paper track for every benchmark: width=128" in lines
    assert lines[-2:] == ["# What it is", "A try."]


def test_parameters_with_default_and_docstring_those_of_nested_models_too(run, plugin):
    method = json.loads(show(run, plugin, "my-method", "--json").out)["method"]
    parameters = {row["key"]: row for row in method["parameters"]}
    assert parameters["width"] == {
        "key": "width", "type": "int", "required": False, "default": 64, "doc": "How wide it is.",
    }  # fmt: skip
    assert parameters["training.epochs"]["default"] == 3
    assert parameters["training.accumulate"]["doc"].startswith("Batches whose gradients are summed")
    assert parameters["selection.on"]["default"] == "held-out"
    assert method["encoders"] == {
        "by-file": None,
        "pooled-only": ["image features maps (it gives pooled)"],
        "with-maps": [],
    } | {
        name: lacking
        for name, lacking in method["encoders"].items()
        if name not in ("by-file", "pooled-only", "with-maps")
    }


def test_what_is_tuned_of_a_method(run):
    shown = run("show", "combiner", "--no-plugins").out.splitlines()
    start = shown.index("searched by cir-bench tune:")
    assert [line.split(maxsplit=1) for line in shown[start + 1 : start + 5]] == [
        ["training.lr", "1e-05 … 0.03 (logarithmic)"],
        ["training.weight_decay", "1e-06 … 0.1 (logarithmic)"],
        ["dropout", "0 … 0.7"],
        ["scale", "10 … 200 (logarithmic)"],
    ]
    method = json.loads(run("show", "combiner", "--no-plugins", "--json").out)["method"]
    assert method["tunable"]["dropout"] == {"low": 0.0, "high": 0.7, "log": False}
    assert "searched by" not in run("show", "random", "--no-plugins").out


def test_an_encoder_with_argument(run, plugin):
    done = show(run, plugin, "by-file:features.npz")
    assert done.out.startswith("encoder by-file:features.npz: file\n")
    assert "path  features.npz" in done.out and "provides: image pooled" in done.out
    without = show(run, plugin, "by-file").out
    assert "written as: by-file:PATH" in without and "path  required" in without


def test_an_encoder_with_argument_is_that_model_and_no_other(run):
    """By default `openclip` is a ViT-B-16, which has no maps."""
    encoder = json.loads(run("show", "openclip:RN50", "--no-plugins", "--json").out)["encoder"]
    assert (encoder["name"], encoder["provides"]["map_levels"]) == ("openclip:RN50", 3)
    assert encoder["parameters"][0] | {"doc": ""} == {
        "key": "model", "type": "str", "required": False, "default": "RN50", "doc": "",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "told"), [("openclip:RN5", "no such model"), ("tirg:x", "takes no argument")])
def test_an_argument_that_makes_no_sense_is_a_mistake(run, name, told):
    done = run("show", name, "--no-plugins")
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_method_says_that_benchmarks_run_with_other_values(run):
    lines = run("show", "rerank", "--no-plugins").out.splitlines()
    assert "These are defaults. What a benchmark runs with: cir-bench show rerank -b BENCHMARK" in lines
    assert "settings of the controlled track for fashioniq: training.lr=0.0003" in lines


def test_a_benchmark_with_its_protocols(run, plugin):
    benchmark = json.loads(run("show", "fashioniq", "--json").out)["benchmark"]
    assert benchmark["protocols"]["original@1"]["reference"] == "kept"
    assert len(benchmark["protocols"]["original@1"]["hash"]) >= 12


def test_an_unknown_name_tells_the_nearest(run, plugin):
    done = show(run, plugin, "my-metod")
    assert (done.code, done.out) == (2, "")
    assert "nothing is called 'my-metod'; did you mean 'my-method'?" in done.err


def test_a_card_that_is_a_file_of_the_package_is_read(run, plugin, tmp_path, monkeypatch):
    package = tmp_path / "with_card"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "CARD.md").write_text("What the file says.")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = plugin.read_text().replace('card="# What it is\\nA try."', 'card="with_card:CARD.md"')
    plugin.write_text(text)
    assert show(run, plugin, "my-method").out.endswith("\nWhat the file says.\n")
    plugin.write_text(text.replace("CARD.md", "OTHER.md"))
    done = show(run, plugin, "my-method")
    assert done.code == 2
    assert "method 'my-method' of plugin" in done.err
    assert "reading its card with_card:OTHER.md" in done.err


def test_the_values_of_a_method_on_a_benchmark_with_their_origins(run, plugin):
    found = json.loads(run("show", "tirg", "-b", "css", "--track", "paper", "--json").out)
    assert (found["method"], found["track"], found["encoder"]) == ("tirg", "paper", "cnn-lstm:resnet18")
    origins = {row["key"]: (row["value"], row["origin"]) for row in found["values"]}
    assert origins["training.lr"] == (0.01, "paper, 4.1")
    assert origins["training.schedule"] == ("constant", "released")
    assert origins["encoder.pretrained"] == (True, "paper, 4.1")
    assert origins["training.warmup_steps"] == (0, "chosen (default)")


def test_on_the_controlled_track_values_are_of_the_budget_or_chosen(run, plugin):
    lines = run("show", "clvcnet", "-b", "css").out.splitlines()
    assert lines[0] == "method clvcnet on css, controlled track, encoder tiny"
    words = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines[1:]}
    assert words["training.epochs"] == ["12", "budget of css"]
    assert words["width"] == ["128", "method, for css"]
    assert words["feature_distance"] == ["normed", "method, for every benchmark"]
    assert words["training.momentum"] == ["0.9", "default"]


def test_plan_shows_the_values_of_its_cells_and_which_the_user_set(run, plugin, tmp_path):
    words = ["plan", "-m", "my-method", "-b", f"folder:{tmp_path}", "-e", "by-file:x.npz", "--set", "training.epochs=2"]
    common = [*words, "--seeds", "2", "--no-plugins", "--plugin", plugin]
    lines = [line.split(maxsplit=2) for line in run(*common, "-v").out.splitlines()]
    rows = {row[0]: row[1:] for row in lines if len(row) == 3}
    assert rows["training.epochs"] == ["2", "--set"]
    assert rows["training.batch_size"] == ["64", "budget of folder"]
    assert rows["width"] == ["64", "default"]
    assert rows["encoder.path"] == ["x.npz", "the name by-file:x.npz"]
    assert [row[0] for row in lines].count("width") == 1, "both seeds have the same values"
    first, second = json.loads(run(*common, "-v", "--json").out)["cells"]
    assert first["values"] == second["values"]
    assert {"key": "width", "value": 64, "origin": "default"} in first["values"]


def test_another_encoder_than_the_papers_has_no_values_of_the_paper(run):
    words = ["plan", "-m", "tirg", "-b", "css", "--track", "paper", "-e", "cnn-lstm:resnet50", "--no-plugins"]
    (cell,) = json.loads(run(*words, "-v", "--json").out)["cells"]
    origins = {row["key"]: row["origin"] for row in cell["values"]}
    assert origins["encoder.backbone"] == "the name cnn-lstm:resnet50"
    assert origins["encoder.width"] == "chosen (default)"
    assert origins["training.lr"] == "paper, 4.1"


def test_the_recipe_of_a_method_that_names_no_sources_is_the_methods(run, plugin):
    found = json.loads(show(run, plugin, "my-method", "-b", "css", "--track", "paper", "--json").out)
    rows = {row["key"]: (row["value"], row["origin"]) for row in found["values"]}
    assert rows["width"] == (128, "method, for every benchmark")
    assert rows["encoder.model"] == ("RN50", "the name openclip:RN50")


def test_values_of_a_track_that_a_method_does_not_have(run, plugin):
    done = run("show", "sum", "-b", "css", "--track", "paper")
    assert (done.code, done.out) == (2, "")
    assert "sum has no paper track" in done.err


def test_a_method_says_which_artefact_it_reads(run, plugin):
    assert "the texts of the artefact target-text" in show(run, plugin, "cirevl").out


def test_a_method_says_what_it_learns_from_and_which_encoders_have_pseudo_words(run, plugin):
    said = show(run, plugin, "pic2word").out
    assert "pseudo words; images alone to learn from, of the train split" in said
    assert "encoder tiny: fits" in said
    assert "encoder cnn-lstm: lacks pseudo-words" in said
