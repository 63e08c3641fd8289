"""Published weights in leaderboards: marked, ranked as rows without training, and forgeries left out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from cir_bench.leaderboards import build, render, render_csv, render_latex
from cir_bench.records.check import mistake
from cir_bench.report import report_page, report_sections

DIGEST = "a1b2c3d4e5f6" + "0" * 52
FACTS = {"file": "phi.pt", "sha256": DIGEST, "entry": "Phi", "caution": "chosen on | val"}
PUBLISHED: dict[str, Any] = {
    "cell": {"variant": f"published={DIGEST[:12]}"},
    "ingredients": {"weights": DIGEST},
    "method": {"trained_parameters": 0},
    "weights": FACTS,
}
TUNED = {"tuning": {"trials": 20, "epochs": 30}, "cell": {"variant": "tuned=20x30"}}


@pytest.fixture
def published(make):
    return make("searle", 50.0, **PUBLISHED)


def test_every_format_says_so(make, published, only_section):
    leaderboard = build([make("tirg", 40.0), published])
    row, other = only_section(leaderboard).rows
    assert (row.rank, row.weights.sha256, other.weights) == (1, DIGEST, None)
    for text in (render(leaderboard), render_csv(leaderboard), render_latex(leaderboard)):
        assert "published weights, not trained for this table; chosen on" in text
        assert DIGEST[:12] in text
    assert "**Published weights**: rows that say so were not trained for this table" in render(leaderboard)
    rows = json.loads(leaderboard.model_dump_json())["sections"][0]["rows"]
    assert rows[0]["weights"]["sha256"] == DIGEST


def test_the_report_has_a_badge(loaded):
    one = loaded("searle", np.arange(40) < 20, 0, **PUBLISHED)
    other = loaded("tirg", np.arange(40) < 10, 0)
    page = report_page(report_sections([one, other]))
    assert page.count('<small class="badge published"') == 1
    assert ">published weights</small><code>published=a1b2c3d4e5f6</code>" in page
    assert "badge published" not in report_page(report_sections([other]))


def test_two_files_are_two_rows(make, published):
    digest = "f" * 64
    changes = {"cell": {"variant": f"published={digest[:12]}"}, "ingredients": {"weights": digest}}
    another = make("searle", 45.0, **PUBLISHED | changes | {"weights": FACTS | {"sha256": digest}})
    (section,) = build([published, another]).sections
    assert [row.variant[-1] for row in section.rows] == ["6", "f"]


def test_they_are_ranked_with_the_only_budget(make, published, only_section):
    section = only_section([make("tirg", 60.0, **TUNED), published])
    assert [(row.method, row.rank) for row in section.rows] == [("tirg", 1), ("searle", 2)]
    assert len(section.budgets) == 1


def test_among_several_budgets_they_are_with_the_untuned_rows(make, published, only_section):
    section = only_section([make("tirg", 60.0, **TUNED), make("val", 55.0), published])
    assert [(row.method, row.rank) for row in section.rows] == [("tirg", 1), ("val", 1), ("searle", 2)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ingredients": {"weights": "b" * 64}}, "do not agree"),
        ({"cell": {"variant": "published=b1b2c3d4e5f6"}}, "do not agree"),
        ({"cell": {"variant": ""}}, "do not agree"),
        ({"weights": None}, "do not agree"),
        ({"method": {"trained_parameters": 9}}, "it says that it was trained"),
        ({"history": [{"stage": "training", "epoch": 1, "terms": {}, "seconds": 1.0}]}, "it says that it was trained"),
        ({}, ""),
    ],
)
def test_records_that_contradict_themselves_are_left_out(make, changes, expected):
    found = mistake(make("searle", 50.0, **{**PUBLISHED, **changes}), None, None)
    assert expected in found
    assert bool(expected) == bool(found)


def test_a_parameter_of_that_name_is_nobodys_weights(make):
    assert mistake(make("mine", 50.0, cell={"variant": "published=a1b2c3d4e5f6"}), None, None) == ""
