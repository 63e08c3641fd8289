"""The code of a cell's plugins is an ingredient: `plan` names the file that changed, and `run` runs the cell again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.records.record import RECORD_FILE, read_record, write_record
from cir_bench.runs.code import changed_code

from .conftest import Toy

METHOD = '''
import torch
import cir_bench as cb
from {helper} import SCALE

CIR_BENCH_API = 1


class Shift(cb.Composer):
    """The image plus a multiple of the text."""

    def __init__(self, params, context):
        super().__init__()

    def compose(self, reference, text):
        return cb.Embedding.single(reference.pooled + SCALE * text.pooled)


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(name="shift", summary="x", implementation=f"{{__name__}}:Shift", loss={{}}, learns=False)
'''
OPTIONS = ("-m", "shift")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A method in one file, with a helper next to it."""
    helper = f"helper_{abs(hash(tmp_path))}"  # a module of each test's own
    (tmp_path / f"{helper}.py").write_text("SCALE = 1.0\n")
    path = tmp_path / "my.py"
    path.write_text(METHOD.format(helper=helper))
    monkeypatch.syspath_prepend(str(tmp_path))
    return path


def _helper(plugin: Path) -> Path:
    (path,) = plugin.parent.glob("helper_*.py")
    return path


@pytest.mark.parametrize("edited", ["plugin", "helper"])
def test_an_edited_plugin_makes_its_cells_stale_and_plan_names_the_file(toy: Toy, plugin: Path, edited: str) -> None:
    options = ("--plugin", str(plugin), *OPTIONS)
    assert toy.run(*options)[0] == 0
    assert toy.plan(*options)[1].startswith("done")
    path = plugin if edited == "plugin" else _helper(plugin)
    path.write_text(path.read_text().replace("SCALE *", "3.0 *").replace("1.0", "2.0"))
    planned = toy.plan(*options)[1]
    assert planned.startswith("stale") and f"code of plugin my.py changed: {path.name}" in planned
    assert "1 run, 0 done before" in toy.run(*options)[1]
    assert toy.plan(*options)[1].startswith("done")


def test_a_comment_is_no_change(toy: Toy, plugin: Path) -> None:
    options = ("--plugin", str(plugin), *OPTIONS)
    toy.run(*options)
    plugin.write_text(plugin.read_text().replace('"""The image plus', '# why\n    """Another text:'))
    assert toy.plan(*options)[1].startswith("done")


def test_another_method_of_other_files_stays_done(toy: Toy, plugin: Path) -> None:
    toy.run("--plugin", str(plugin), "-m", "sum")
    plugin.write_text(plugin.read_text().replace("SCALE *", "3.0 *"))
    assert toy.plan("--plugin", str(plugin), "-m", "sum")[1].startswith("done")


def test_the_code_of_losses_that_a_method_asks_for_by_name_counts(toy: Toy) -> None:
    toy.run("-m", "nan-loss", "-m", "sum")
    records = toy.records()
    code = {name: record.ingredients["code.cir-bench"] for name, record in records.items()}
    assert "cir_bench_losses/classification.py=" in code["nan-loss/0"]
    assert "cir_bench_tirg/composer.py=" in code["nan-loss/0"]
    assert "cir_bench_tirg/composer.py=" not in code["sum/0"]


def test_plugins_with_data_and_encoders_of_others_keep_tables_apart(toy: Toy) -> None:
    toy.run("-m", "sum")
    (record,) = toy.records().values()
    names = {name for name in record.ingredients if "code." in name}
    assert names == {"code.cir-bench", "dataset.code.toy_plugin.py", "encoder.code.toy_plugin.py"}


def test_a_record_from_before_is_stale_with_the_reason(toy: Toy) -> None:
    toy.run("-m", "sum")
    (path,) = toy.out.rglob(RECORD_FILE)
    record = read_record(path)
    old = {name: value for name, value in record.ingredients.items() if "code." not in name}
    write_record(record.model_copy(update={"ingredients": old}), path.parent)
    planned = toy.plan("-m", "sum")[1]
    assert planned.startswith("stale") and "code of plugin cir-bench is not in the record" in planned


def test_which_files_changed_is_told_from_both_values() -> None:
    before, now = "a.py=1\nb.py=2\nc.py=3", "a.py=1\nb.py=9\nd.py=4"
    assert changed_code("code.x", before, now) == "code of plugin x changed: b.py, c.py, d.py"
    assert changed_code("encoder.code", "1", "2") == ""
