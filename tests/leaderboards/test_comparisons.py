"""Rows with their queries: intervals, tie groups, which rows a row beats, in every form that is written."""

import csv
import io

import numpy as np
import pytest
from support.leaderboard_tables import MORE, tables

from cir_bench.leaderboards import Leaderboard, build, compare, render, render_csv, render_latex
from cir_bench.leaderboards.comparisons import label_of


@pytest.fixture
def cells(loaded):
    """``good`` and its double, ``weak``, a sentinel and a row whose queries are not known; 300 queries, two seeds."""
    rng = np.random.default_rng(0)
    easy = rng.random(300)
    found = []
    for seed in (0, 1):
        strong = easy + rng.normal(0, 0.02, 300) < 0.5
        found += [loaded(name, strong, seed) for name in ("good", "again")]
        found += [
            loaded("weak", strong & (rng.random(300) < 0.5), seed),
            loaded("random", rng.random(300) < 0.01, seed),
        ]
        found += [loaded("old", easy < 0.3, seed, known=False)]
    return found


def test_the_same_method_under_two_names_is_one_tie_group(cells, only_section):
    rows = {row.method: row for row in only_section(build(cells)).rows}
    assert [rows[name].group for name in ("again", "good", "weak")] == [1, 1, 3]
    assert rows["good"].beats == rows["again"].beats == (rows["weak"].label,)
    assert rows["weak"].beats == ()


def test_every_metric_has_an_interval_around_its_mean(cells, only_section):
    for row in only_section(build(cells)).rows:
        for value in row.metrics.values():
            if row.method == "old":
                assert value.interval is None
            else:
                assert value.interval.low <= value.mean <= value.interval.high


def test_sentinels_and_rows_without_queries_are_not_compared_and_the_latter_say_so(cells, only_section):
    section = only_section(build(cells))
    rows = {row.method: row for row in section.rows}
    assert rows["random"].group is rows["old"].group is None
    assert rows["old"].remarks == ("its queries are not known: no interval, not compared",)
    assert rows["random"].remarks == ()
    compared = {rows[name].label for name in ("good", "again", "weak")}
    assert {pair.first for pair in section.comparisons} | {pair.second for pair in section.comparisons} == compared
    assert len(section.comparisons) == 3


def test_a_row_that_was_asked_other_queries_is_not_compared(loaded, only_section):
    rows = only_section(build([loaded("a", np.ones(30, bool), 0), loaded("b", np.ones(30, bool), 0, prefix="z")])).rows
    assert [row.group for row in rows] == [1, None]
    assert "other queries than those of the table" in rows[1].remarks[0]


def test_the_table_shows_places_intervals_and_what_a_row_beats_in_words(cells):
    text = render(build(cells))
    found = tables(text)
    rows = {row["method"]: row for row in found[""]}
    assert rows["`good`"]["#"] == rows["`again`"]["#"] == "1=" and rows["`weak`"]["#"] == "3"
    assert rows[r"`old` \*"]["#"].startswith("(") and rows["`random`"]["#"] == "–"
    headlines = {name: row["R@1 [95 % interval]"] for name, row in rows.items()}
    assert all(("[" in value) != name.startswith("`old`") for name, value in headlines.items())
    beats = {row["method"]: row["beats"] for row in found[MORE]}
    assert beats == {"`good`": "`weak`", "`again`": "`weak`", "`weak`": "–", "`old`": "", "`random`": ""}
    assert "; 3 pairs of rows compared." in text


def test_neighbours_that_a_row_beats_are_joined(cells, only_section):
    section = only_section(build(cells))
    rows = [
        section.rows[0].model_copy(update={"method": f"m{place}", "label": label, "group": 1, "beats": ()})
        for place, label in enumerate("abcdefg")
    ]
    top = rows[0].model_copy(update={"beats": tuple("bdefg")})
    board = Leaderboard(sections=(section.model_copy(update={"rows": (top, *rows[1:])}),))
    assert tables(render(board))[MORE][0]["beats"] == "`m1`, `m3` to `m6`"
    variants = [row.model_copy(update={"method": "m", "variant": f"x={row.label}"}) for row in rows[1:3]]
    top = rows[0].model_copy(update={"beats": tuple("bc")})
    board = Leaderboard(sections=(section.model_copy(update={"rows": (top, *variants)}),))
    assert tables(render(board))[MORE][0]["beats"] == "`m` (`x=b`), `m` (`x=c`)"


def test_the_same_records_give_the_same_bytes_in_any_order(cells):
    for write in (render, render_csv, render_latex):
        assert write(build(cells)) == write(build(cells[::-1]))


def test_every_row_has_a_label_of_its_own():
    order = [label_of(place) for place in range(60)]
    assert len(set(order)) == 60 and order[:3] == ["a", "b", "c"]


def test_csv_has_a_line_for_each_row_and_metric_at_full_precision(cells):
    found = list(csv.DictReader(io.StringIO(render_csv(build(cells)))))
    assert len(found) == 5 * 2
    (good,) = [line for line in found if (line["method"], line["metric"]) == ("good", "R@1")]
    row = next(row for row in build(cells).sections[0].rows if row.method == "good")
    assert float(good["mean"]) == row.metrics["R@1"].mean and float(good["low"]) == row.metrics["R@1"].interval.low
    assert (good["place"], good["beats"], good["cautions"]) == ("1", " ".join(row.beats), "synthetic")


def test_a_name_cannot_become_a_formula_of_a_spreadsheet(make):
    found = list(csv.DictReader(io.StringIO(render_csv(build([make("=cmd()")])))))
    assert {line["method"] for line in found} == {"'=cmd()"}


def test_a_failed_row_is_in_the_csv_too(failed):
    (line,) = csv.DictReader(io.StringIO(render_csv(build([failed()]))))
    assert line["kind"] == "failed" and line["metric"] == "" and "did not run" in line["remarks"]


def test_a_leaderboard_with_intervals_is_up_to_date_with_itself_and_within_a_tolerance(cells, loaded):
    text = render(build(cells))
    assert compare(text, text, tolerance=0) == []
    changed = [one for one in cells if one.record.cell.method != "weak"]
    changed += [loaded("weak", np.arange(300) < 76, seed) for seed in (0, 1)]
    fresh = render(build(changed))
    assert fresh != text
    assert compare(fresh, text, tolerance=0) != []
    assert compare(fresh, text, tolerance=12) == []
    assert any("`weak`" in sentence for sentence in compare(fresh, text, tolerance=0.01))


def test_on_two_machines_every_row_says_which(loaded):
    elsewhere = {"environment": {"device": "NVIDIA H200"}}
    text = render(build([loaded("a", np.ones(20, bool), 0), loaded("b", np.zeros(20, bool), 0, **elsewhere)]))
    assert "(1) NVIDIA H200" in text and "(2) cpu" in text and "rows with the same number" in text
    found = tables(text)
    assert {row["method"]: row["ms/query"] for row in found[""]} == {"`a`": "0.250 (2)", "`b`": "0.250 (1)"}
    assert {row["method"]: row["train (s)"] for row in found[MORE]} == {"`a`": "61.5 (2)", "`b`": "61.5 (1)"}
