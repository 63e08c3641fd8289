"""Rows of different tuning budgets share a table, but not a ranking."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from support.leaderboard_tables import MORE, tables

from cir_bench.leaderboards import build, compare, render, render_csv, render_latex

BUDGET = {"trials": 20, "epochs": 30, "digest": "d" * 64}
LARGER = BUDGET | {"trials": 40, "digest": "f" * 64}
UNTRAINED = {"parameters": 0, "trained_parameters": 0}


def tuned(budget=BUDGET, **cell):
    variant = f"tuned={budget['trials']}x{budget['epochs']}"
    return {"tuning": budget, "ingredients": {"tuning": budget["digest"]}, "cell": {"variant": variant, **cell}}


@pytest.fixture
def mixed(make):
    """Ten points apart: the best row is not tuned."""
    return [
        make("best", 60.0),
        make("good", 50.0, **tuned()),
        make("fair", 40.0, **tuned()),
        make("large", 30.0, **tuned(LARGER)),
        make("poor", 20.0),
        make("sum", 70.0, method=UNTRAINED),
        make("random", 0.5),
    ]


def test_the_column_is_there_only_where_a_row_is_tuned(make):
    assert "tuning" not in render(build([make()])).lower()
    (row,) = tables(render(build([make(**tuned())])))[MORE]
    assert row["tuning"] == "20 × 30"


def test_several_budgets_have_places_of_their_own_and_follow_each_other(mixed):
    found = tables(render(build(mixed)))
    pairs = zip(found[""], found[MORE], strict=True)
    assert [(row["method"].split("`")[1], more["tuning"], row["#"]) for row, more in pairs] == [
        ("large", "40 × 30", "1"),
        ("good", "20 × 30", "1"),
        ("fair", "20 × 30", "2"),
        ("sum", "–", "1"),
        ("best", "–", "2"),
        ("poor", "–", "3"),
        ("random", "–", "–"),
    ]


def test_a_sentence_above_the_table_says_so_and_one_below_what_the_column_is(mixed):
    text = render(build(mixed))
    above = text.index("**Mixed-tuning**: rows were tuned with different budgets (40 × 30, 20 × 30, none)")
    assert above < text.index("\n|") < text.index("Tuning: how many trials")


def test_what_has_nothing_to_tune_is_ranked_with_the_only_budget(make):
    board = build([make("good", 50.0, **tuned()), make("sum", 60.0, method=UNTRAINED), make("random", 0.5)])
    assert [(row.method, row.rank) for row in board.sections[0].rows] == [("sum", 1), ("good", 2), ("random", None)]
    assert "Mixed-tuning" not in render(board)


def test_rows_of_different_budgets_are_not_compared(loaded, only_section):
    hits = np.arange(300)
    records = [
        loaded("best", hits < 250, 0),
        loaded("poor", hits < 50, 0),
        loaded("good", hits < 200, 0, **tuned()),
        loaded("fair", hits < 100, 0, **tuned()),
    ]
    section = only_section(build(records))
    assert [(row.method, row.group) for row in section.rows] == [("good", 1), ("fair", 2), ("best", 1), ("poor", 2)]
    names = {row.label: row.method for row in section.rows}
    pairs = [(names[pair.first], names[pair.second]) for pair in section.comparisons]
    assert sorted(pairs) == [("best", "poor"), ("good", "fair")]
    assert [[names[label] for label in row.beats] for row in section.rows] == [["fair"], [], ["poor"], []]
    assert all(pair.p_holm == pytest.approx(2 * pair.p_queries) for pair in section.comparisons)


def test_other_formats_say_the_same(mixed):
    board = build(mixed)
    latex = render_latex(board)
    groups = ["Tuned with 40 trials of 30 epochs", "Tuned with 20 trials of 30 epochs", "Not tuned"]
    assert re.findall(r"\\emph{(.*?)}", latex) == groups and "tuned=" not in latex
    lines = {line["method"]: line for line in csv.DictReader(io.StringIO(render_csv(board)))}
    assert (lines["good"]["tuning"], lines["best"]["tuning"]) == ("20 × 30", "")
    assert {line["cautions"] for line in lines.values()} == {"mixed-tuning synthetic"}
    (section,) = json.loads(board.model_dump_json())["sections"]
    assert section["budgets"] == [{"trials": 40, "epochs": 30}, {"trials": 20, "epochs": 30}, None]
    assert section["rows"][0]["tuning"] == {"trials": 40, "epochs": 30}


def test_another_budget_makes_a_committed_leaderboard_stale(make):
    now, then = render(build([make(**tuned())])), render(build([make(**tuned(LARGER | {"trials": 21}))]))
    assert compare(now, now, 0) == []
    assert compare(now, then.replace("21x30", "20x30"), 2.0) == [
        "css/test@1 · controlled track · encoder tiny: `tirg` (`tuned=20x30`): tuning is 20 × 30, committed is 21 × 30."
    ]


def test_a_cell_that_did_not_run_has_its_budget(failed):
    (row,) = build([failed(**tuned())]).sections[0].rows
    assert row.kind == "failed" and str(row.tuning) == "20 × 30"
