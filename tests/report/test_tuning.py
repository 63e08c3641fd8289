"""The chart of tunings shows what their trials were, wherever the records are taken."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from cir_bench.leaderboards import pack
from cir_bench.protocols.find import known_protocols
from cir_bench.records.load import load_records
from cir_bench.records.tuning import TUNING_FILE
from cir_bench.report import report_page, report_sections
from cir_bench.report.tuning import tuning_figure

from .conftest import MADE_UP


@pytest.fixture
def load(tmp_path):
    return lambda name="runs": load_records([tmp_path / name], known_protocols([MADE_UP]))


def tips(picture):
    return re.findall(r"<title>(.*?)</title>", picture)


def labels(picture):
    found = re.findall(r'<text class="label" data-method="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<', picture)
    return {name: (float(x), float(y)) for x, y, name in found}


def test_a_mark_where_a_trial_was_better_and_a_line_to_the_last(tuned_cell, shown):
    tuned_cell("tirg", scores=[20.0, None, 25.0, 24.0, 30.0, 10.0])
    (block,) = shown()
    figure = tuning_figure(block)
    ((_, picture),) = figure.charts
    name = "tirg (tuned=6x30)"
    assert tips(picture) == [
        f"{name}: 20.00 in trial 1 (training.lr=0.01)",
        f"{name}: 25.00 in trial 3 (training.lr=0.03)",
        f"{name}: 30.00 in trial 5 (training.lr=0.05)",
    ]
    assert figure.numbers.rows == [(name, ["6", "20.00", "30.00", "5", "0", "1", "training.lr=0.05"])]
    assert 'aria-label="Best held-out score, % by number of trials: tirg 30.00 after 6"' in picture
    path = re.findall(r'class="line s0" data-method="[^"]*" d="([^"]*)"', picture)[0]
    points = [tuple(map(float, point.split())) for point in path.removeprefix("M").split("L")]
    assert len(points) == 6 and points[0][0] < points[1][0] == points[2][0] < points[3][0] == points[4][0]
    assert points[-1][0] > points[-2][0] and points[-1][1] == points[-2][1]  # on to trial 6


def test_every_line_has_its_name_next_to_it_and_names_do_not_touch(tuned_cell, shown):
    names = [f"method-{letter}" for letter in "abcdefgh"]
    for place, name in enumerate(names):
        tuned_cell(name, scores=[20.0, 30.0 + place / 100])
    (block,) = shown()
    placed = labels(tuning_figure(block).charts[0][1])
    assert set(placed) == set(names)
    heights = sorted(y for _, y in placed.values())
    assert all(after - before >= 17 for before, after in pairwise(heights))
    assert heights[0] >= 30 and heights[-1] <= 310


def test_without_a_tuning_there_is_no_chart_and_one_that_is_not_here_is_named(cell, tuned_cell, shown):
    cell("plain")
    tuned_cell("far")
    (block,) = shown()
    assert tuning_figure(block) is None
    tuned_cell("near", scores=[20.0])
    (block,) = shown()
    figure = tuning_figure(block)
    assert "The trials of far (tuned=20x30) are not among the records." in figure.note
    assert [name for name, _ in figure.numbers.rows] == ["near (tuned=1x30)"]


def test_the_page_shows_it_beside_the_other_charts(tuned_cell, shown, parse):
    tuned_cell("tirg", scores=[20.0, 25.0])
    page = parse(report_page(shown()))
    (head,) = [tag for tag in page.all("svg") if (tag.get("aria-label") or "").startswith("Best held-out")]
    assert head["role"] == "img"
    assert "Tuning" in page.text and "training.lr=0.02" in page.text


def test_a_packed_folder_has_the_tunings_that_its_records_name(tuned_cell, load, tmp_path):
    for seed in (0, 1):
        tuned_cell("tirg", seed=seed, scores=[20.0, 25.0])
    tuned_cell("val", scores=[30.0])
    pack([one for one in load()[0] if one.record.cell.method == "tirg"], tmp_path / "packed")
    assert len(list((tmp_path / "packed").rglob(TUNING_FILE))) == 1
    found, problems = load("packed")
    assert not problems
    (block,) = report_sections(found)
    assert tuning_figure(block).numbers.rows[0][1][:3] == ["2", "20.00", "25.00"]


def test_a_record_that_belies_its_tuning_is_left_out(cell, tuned_cell, load):
    facts = tuned_cell("tirg", scores=[20.0, 25.0]).tuning.model_dump()
    cell("tirg", seed=1, variant="tuned=200x30", tuning=facts | {"trials": 200})
    cell("val", variant="tuned=2x30", tuning=facts)
    found, problems = load()
    assert [(one.record.cell.method, one.record.cell.seed) for one in found] == [("tirg", 0)]
    assert len(problems) == 2
    assert all("its tuning is of another cell, or has another budget or score" in problem for problem in problems)


def test_a_tuning_that_cannot_be_read_is_a_problem_of_its_own(tuned_cell, load, tmp_path):
    tuned_cell("tirg", scores=[20.0, 25.0])
    (path,) = (tmp_path / "runs").rglob(TUNING_FILE)
    path.write_text("{}")
    found, (problem,) = load()
    assert len(found) == 1 and found[0].tuning is None
    assert "is not a tuning of this version" in problem
