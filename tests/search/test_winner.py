"""A folder with many finished cells stands for the best of them; an index without photos has those of the benchmark."""

import json
import pkgutil
import shutil

import pytest

import cir_bench
from cir_bench.errors import ConfigError
from cir_bench.records.models import LimitFacts
from cir_bench.records.record import read_record, write_record

torch = pytest.importorskip("torch")


@pytest.fixture
def runs(train, tmp_path):
    """``runs(a=30, b=(40, 20))``: cells of several methods, with the R@1 of their seeds; their folders by name."""
    out = tmp_path / "runs"

    def write(**scores):
        folders = {}
        for method, values in scores.items():
            source = train("tirg").folder
            for seed, value in enumerate(values if isinstance(values, tuple) else (values,)):
                record = read_record(source / "record.json")
                cell = record.cell.model_copy(update={"variant": method, "seed": seed})
                folder = out / "cells" / "b" / method / f"seed-{seed}"
                shutil.copytree(source, folder)
                metrics = {**record.metrics, record.headline: value}
                write_record(record.model_copy(update={"cell": cell, "metrics": metrics}), folder)
                folders[f"{method}-{seed}"] = folder
        return folders

    write.out = out
    return write


def chosen(runs, where=None):
    from cir_bench.plugin.loader import PluginOptions, load_plugins
    from cir_bench.search.winner import choose_cell

    return choose_cell(where or runs.out, load_plugins(PluginOptions(third_party=False)))


def change(folder, **facts):
    record = read_record(folder / "record.json")
    write_record(record.model_copy(update=facts), folder)


def test_the_best_mean_over_seeds_wins_and_its_best_seed_is_taken(runs):
    folders = runs(lucky=(45.0, 10.0), steady=(30.0, 31.0))
    found = chosen(runs)
    assert found.folder == folders["steady-1"]
    assert "the best of 2 methods" in found.why and "30.50, the mean of 2 seeds" in found.why


def test_sentinels_failures_and_quick_looks_do_not_win(runs):
    folders = runs(good=20.0, sentinel=90.0, failed=90.0, hidden=90.0, look=90.0)
    method = read_record(folders["good-0"] / "record.json").method
    change(folders["sentinel-0"], method=method.model_copy(update={"kind": "sentinel"}))
    change(folders["failed-0"], status="failed")
    change(folders["hidden-0"], hidden=True)
    change(folders["look-0"], limit=LimitFacts(queries=5, images_per_query=5, examples_per_query=5))
    found = chosen(runs)
    assert found.folder == folders["good-0"]
    assert "the only method" in found.why


def test_a_folder_that_is_missing_names_those_of_the_method_with_other_parameters(runs):
    folders = runs(**{"sum+275be86a": 20.0})
    with pytest.raises(ConfigError, match=r"b/sum does not exist; with other parameters .*b/sum\+275be86a\.$"):
        chosen(runs, folders["sum+275be86a-0"].parent.parent / "sum")
    with pytest.raises(ConfigError, match=r"nowhere does not exist; name a folder of `cir-bench export`"):
        chosen(runs, runs.out / "nowhere")


@pytest.fixture
def mixed(train, tmp_path):
    """A folder with a combiner, whose weights can be written alone, and a better tirg, whose weights cannot."""
    for method, value in (("combiner", 20.0), ("tirg", 30.0)):
        folder = tmp_path / "mixed" / method
        shutil.copytree(train(method).folder, folder)
        change(folder, metrics={read_record(folder / "record.json").headline: value})
    return tmp_path / "mixed"


@pytest.mark.parametrize("both", [False, True])
def test_weights_alone_are_those_of_the_best_method_that_has_some(mixed, command, tmp_path, both):
    file, model = tmp_path / "w.safetensors", tmp_path / "model"
    code, out, err = command("export", mixed, "--weights", file, *(("--to", model) if both else ()))
    assert (code, out) == (0, f"{model}\n{file}\n" if both else f"{file}\n"), err
    assert err.count("\n") == 1 and "whose weights can be written alone: combiner [" in err
    assert "(not tirg [" in err and "does not say how weights of it are published" in err
    if both:
        assert json.loads((model / "model.json").read_text())["record"]["cell"]["method"] == "combiner"


def test_a_model_is_that_of_the_best_method_whatever_its_weights(mixed, command, tmp_path):
    err = command("export", mixed, "--to", tmp_path / "model")[2]
    assert "the best of 2 methods below" in err and ": tirg [" in err and "(not" not in err


def test_no_weights_to_write_are_one_sentence(mixed, command, tmp_path):
    shutil.rmtree(mixed / "combiner")
    code, out, err = command("export", mixed, "--weights", tmp_path / "w.safetensors")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "none of the 1 cells below" in err and "use --to, which writes a model folder." in err


def test_a_method_whose_plugin_is_not_there_is_the_reason(runs):
    folder = runs(good=20.0)["good-0"]
    record = read_record(folder / "record.json")
    change(folder, cell=record.cell.model_copy(update={"method": "mine"}))
    with pytest.raises(ConfigError, match="can be searched with: there is no method 'mine'"):
        chosen(runs)
    change(folder, status="failed")
    with pytest.raises(ConfigError, match="can be searched with: they failed, are sentinels, or have no metrics"):
        chosen(runs)


def test_a_metric_that_should_be_low_is_best_when_it_is_low(runs):
    folders = runs(near=0.0, far=0.0)
    for name, rank in (("near-0", 2.0), ("far-0", 9.0)):
        change(folders[name], headline="median_rank", metrics={"median_rank": rank})
    assert chosen(runs).folder == folders["near-0"]


def test_a_cell_or_a_model_is_itself_and_nothing_needs_to_be_said(runs, command, tmp_path):
    folders = runs(good=20.0, other=30.0)
    assert command("export", folders["good-0"], "--to", tmp_path / "model") == (0, f"{tmp_path / 'model'}\n", "")
    for where in (folders["good-0"], folders["good-0"] / "record.json", tmp_path / "model"):
        assert (chosen(runs, where).folder, chosen(runs, where).why) == (where, "")


def test_cells_of_several_benchmarks_are_not_compared(runs, command):
    folders = runs(one=20.0, other=30.0)
    cell = read_record(folders["other-0"] / "record.json").cell
    change(folders["other-0"], cell=cell.model_copy(update={"benchmark": "css", "protocol": "test@1"}))
    code, out, err = command("export", runs.out, "--to", runs.out.parent / "model")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert "of 2 benchmarks (css/test@1, " in err
    assert f"such as {runs.out / 'cells' / 'b'}" in err


def test_the_images_of_the_benchmark_are_indexed_where_no_others_are_named(train, photos, command, tmp_path):
    cell, index = train("tirg"), tmp_path / "index"
    code, out, err = command("index", "--from", cell.folder.parents[1], "--out", index, "--device", "cpu")
    assert code == 0, err
    assert out == f"{index}: 14 images (14 new, 0 changed, 0 gone, 0 unchanged)\n"
    assert err.startswith("the only method below ") and ", R@1 " in err
    copies = {path.stem: path for path in (index / "photos").iterdir()}
    assert sorted(copies) == [f"val{at:02}" for at in range(14)]
    assert all(path.read_bytes() == (photos / path.name).read_bytes() for path in copies.values())
    line = json.loads((photos / "triplets.jsonl").read_text().splitlines()[-1])
    asked = ["--image", copies[line["reference"]], "--text", line["text"], "-k", "5", "--json"]
    steps = json.loads(command("search", index, *asked, "--device", "cpu")[1])["steps"]
    found = [hit["image"].rpartition("/")[2].removesuffix(".png") for hit in steps[0]["results"]]
    assert found == cell.best(line["query_id"], 5)
    (index / "photos" / "val03.png").unlink()
    code, out, _ = command("index", "--out", index, "--device", "cpu")
    assert (code, out) == (0, f"{index}: 13 images (0 new, 0 changed, 1 gone, 13 unchanged)\n")


@pytest.mark.parametrize(
    ("place", "own"),
    [("write_model", True), ("PhotoIndex.store", True), ("PhotoIndex.read", True), ("PhotoIndex.read", False)],
)
def test_two_first_commands_at_once_lose_nothing(train, photos, command, tmp_path, monkeypatch, place, own):
    """The other one runs from its beginning to its end while this one is at ``place``."""
    index = tmp_path / "index"
    words = ["index", *([] if own else [photos]), "--from", train("tirg").folder, "--out", index]
    step, others = pkgutil.resolve_name(f"cir_bench.search.index:{place}"), []

    def interrupted(*given):
        known = step(*given) if place == "PhotoIndex.read" else None
        if not others:
            others.append("running")
            others.append(command(*words))
        return known if place == "PhotoIndex.read" else step(*given)

    monkeypatch.setattr(f"cir_bench.search.index.{place}", interrupted)
    count = 14 if own else 22
    code, out, _ = command(*words)
    assert (code, out) == (0, f"{index}: {count} images (0 new, 0 changed, 0 gone, {count} unchanged)\n")
    assert others[1][:2] == (0, f"{index}: {count} images ({count} new, 0 changed, 0 gone, 0 unchanged)\n")


def test_rendered_images_are_written_as_files_and_strange_ids_stay_inside(train, tmp_path):
    from PIL import Image

    from cir_bench.search.own_photos import write_gallery

    class Rendered(cir_bench.Dataset):
        def train(self):
            return ()

        def queries(self, split):
            return ()

        def gallery(self, split, part=""):
            return ("../up", "a/b", "a-b", "plain")

        def open(self, image_id):
            return Image.new("RGB", (4, 4), "red")

        def has(self, image_id):
            return True

        def digest(self, image_id):
            return image_id

    class Model:
        protocol = type("P", (), {"split": "test"})

        def dataset(self):
            return Rendered()

    write_gallery(Model(), tmp_path / "in" / "photos")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["photos"]
    names = sorted(path.name for path in (tmp_path / "in" / "photos").iterdir())
    assert len(names) == 4 and {"a-b.png", "plain.png"} < set(names)
    assert all(Image.open(tmp_path / "in" / "photos" / name).size == (4, 4) for name in names)
