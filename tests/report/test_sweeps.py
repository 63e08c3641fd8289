"""One-parameter sweeps and ablations are found by their variants, the default among them."""

import re

import pytest

from cir_bench.report.sweeps import by_powers, sweep_figures, sweeps, variant


def points(sweep):
    return [text for text, _ in sweep.points]


def test_a_grid_of_numbers_is_a_sweep_in_the_order_of_the_numbers_with_the_default(cell, shown):
    cell("tirg")
    for lr in ("0.1", "0.001"):
        for seed in range(2):
            cell("tirg", variant=f"training.lr={lr}", seed=seed)
    (block,) = shown()
    (sweep,) = sweeps(block)
    assert (sweep.method, sweep.parameter, sweep.numeric) == ("tirg", "training.lr", True)
    assert points(sweep) == ["0.001", "0.01", "0.1"]  # 0.01 is the default, from the cell's own parameters


def test_names_are_an_ablation_with_the_default_first(cell, shown):
    for name in ("no-b", "no-a"):
        cell("sadn", variant=f"ablation={name}")
    cell("sadn")
    (block,) = shown()
    (sweep,) = sweeps(block)
    assert not sweep.numeric
    assert points(sweep)[0] == "none"
    assert sorted(points(sweep)[1:]) == ["no-a", "no-b"]


def test_a_grid_of_two_parameters_is_a_sweep_of_each_at_every_value_of_the_other(cell, shown):
    for k in (1, 5):
        for gamma in (0, 2):
            cell("sadn", variant=f"gamma={gamma} neighbours={k}")
    (block,) = shown()
    found = {(sweep.parameter, sweep.fixed): points(sweep) for sweep in sweeps(block)}
    assert found == {
        ("gamma", "neighbours=1"): ["0", "2"],
        ("gamma", "neighbours=5"): ["0", "2"],
        ("neighbours", "gamma=0"): ["1", "5"],
        ("neighbours", "gamma=2"): ["1", "5"],
    }


def test_one_variant_alone_is_compared_with_the_default_or_with_nothing(cell, shown):
    cell("val", variant="heads=4")
    (block,) = shown()
    assert sweeps(block) == []
    cell("val")
    (block,) = shown()
    (sweep,) = sweeps(block)
    assert sorted(points(sweep)) == ["4", "default"]  # the record does not say how many heads there are without


def test_methods_are_not_mixed(cell, shown):
    cell("tirg", variant="training.lr=0.1")
    cell("val", variant="training.lr=0.2")
    (block,) = shown()
    assert sweeps(block) == []


def test_the_picture_has_every_point_with_its_number(cell, shown):
    for lr in ("0.1", "0.001"):
        cell("tirg", variant=f"training.lr={lr}")
    (block,) = shown()
    (figure,) = sweep_figures(block)
    assert figure.title == "tirg: training.lr"
    measured = {line.row.variant: line.row.metrics["R@1"].mean for line in block.methods}
    for lr in ("0.1", "0.001"):
        assert f"training.lr = {lr}: R@1 {measured[f'training.lr={lr}']:.2f}" in figure.charts[0][1]


def test_what_is_no_change_of_a_parameter_is_left_out():
    assert variant("a=1 nonsense b.c=x=y") == {"a": "1", "b.c": "x=y"}


def test_without_sweeps_there_are_no_figures(cell, shown):
    cell("tirg")
    (block,) = shown()
    assert sweep_figures(block) == []


@pytest.mark.parametrize(
    ("numbers", "powers"),
    [
        ([0.0003, 0.001, 0.003], True),
        ([1, 5, 10, 15, 20], False),  # SADN, Figure 3
        ([0, 50, 100, 150, 200], False),
        ([0.001, 0.1], True),
        ([10, 30], False),
    ],
)
def test_numbers_lie_across_as_they_are_evenly_spaced(numbers, powers):
    assert by_powers(numbers) is powers


def test_the_default_is_marked_in_the_curve(cell, shown):
    cell("tirg")
    for lr in ("0.1", "0.001"):
        cell("tirg", variant=f"training.lr={lr}")
    (block,) = shown()
    (figure,) = sweep_figures(block)
    picture = str(figure.charts[0][1])
    (rule,) = re.findall(r'class="rule" x1="([\d.]+)"', picture)
    marks = re.findall(r'transform="translate\(([\d.]+) [\d.]+\)"', picture)
    assert len(marks) == 3 and rule == marks[1]  # 0.01 lies between
    assert ">default</text>" in picture and "Default: 0.01." in figure.note


def test_a_grid_without_a_plain_run_knows_its_default_from_another_grid_s_rows(cell, shown):
    for k in (1, 5):
        cell("sadn", variant=f"neighbours={k}", config={"method": {"neighbours": k, "gamma": 2.0}})
    for gamma in (0, 2, 4):
        cell("sadn", variant=f"gamma={gamma}", config={"method": {"neighbours": 5, "gamma": gamma}})
    (block,) = shown()
    found = {sweep.parameter: (points(sweep), sweep.default) for sweep in sweeps(block)}
    assert found == {"gamma": (["0", "2", "4"], "2"), "neighbours": (["1", "5"], "5")}
    assert all(str(figure.charts[0][1]).count('class="rule"') == 1 for figure in sweep_figures(block))


def test_no_default_is_marked_where_no_row_says_what_it_is(cell, shown):
    for k in (1, 5):
        cell("sadn", variant=f"neighbours={k}")
    (block,) = shown()
    (figure,) = sweep_figures(block)
    assert 'class="rule"' not in str(figure.charts[0][1]) and "Default" not in figure.note


def test_the_default_of_an_ablation_is_named_beside_its_bar(cell, shown):
    cell("sadn")
    cell("sadn", variant="ablation=no-a")
    (block,) = shown()
    (figure,) = sweep_figures(block)
    assert str(figure.charts[0][1]).count(">none (default)</text>") == 1 and "Default: none." in figure.note


def test_every_ablation_has_a_bar_and_its_whole_name_on_a_line_of_its_own(cell, shown):
    names = ["no-neighbourhood", "no-residual", "no-adapt", "no-rank", "no-cia", "no-dbc", "triplet", "bce"]
    for name in names:
        cell("sadn", variant=f"ablation={name}")
    (block,) = shown()
    (figure,) = sweep_figures(block)
    picture = str(figure.charts[0][1])
    heights = [re.search(rf'y="([0-9.]+)" text-anchor="end">{name}</text>', picture)[1] for name in names]
    assert len(set(heights)) == picture.count("<rect") == len(names)
