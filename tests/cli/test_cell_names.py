"""Short names of cells: what tells those of one run apart, and nothing else."""

from __future__ import annotations

from cir_bench import CellKey
from cir_bench.cli.cell_names import short_names


def cell(method="tirg", **changes):
    key = CellKey(method=method, benchmark="css", protocol="test@1", encoder="tiny", track="controlled", seed=0)
    return key.model_copy(update=changes)


def named(*cells):
    return [*map(short_names(cells), cells)]


def test_cells_of_several_methods_are_their_methods():
    assert named(cell(), cell("val"), cell("sum", variant="training.epochs=1")) == ["tirg", "val", "sum"]


def test_whatever_differs_is_said_in_all_of_them():
    assert named(cell(), cell(seed=1)) == ["tirg seed 0", "tirg seed 1"]
    assert named(cell(), cell(encoder="openclip:RN50")) == ["tirg tiny", "tirg openclip:RN50"]
    assert named(cell(), cell(benchmark="cirr", protocol="val@1")) == ["tirg on css/test@1", "tirg on cirr/val@1"]
    assert named(cell(), cell(track="paper")) == ["tirg (controlled)", "tirg (paper)"]


def test_settings_that_all_cells_of_a_method_have_are_left_out():
    found = named(cell(variant="k=1 lr=2"), cell(variant="k=3 lr=2"), cell("val", variant="k=9"))
    assert found == ["tirg [k=1]", "tirg [k=3]", "val"]
    assert named(cell(), cell(variant="k=3")) == ["tirg", "tirg [k=3]"]


def test_a_cell_that_is_not_of_the_run_has_a_name():
    assert short_names(())(cell(variant="k=3")) == "tirg [k=3]"
