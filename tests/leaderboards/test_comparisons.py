"""Rows with their queries: intervals, tie groups, superscripts, in every form that is written."""

import csv
import io

import numpy as np
import pytest

from cir_bench.leaderboards import build, compare, render, render_csv, render_latex
from cir_bench.leaderboards.comparisons import label_of
from cir_bench.leaderboards.table import ranges


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


def lines_of(text):
    return {cells[3]: cells for line in text.splitlines() if len(cells := [c.strip() for c in line.split("|")]) > 5}


def test_the_table_shows_places_labels_intervals_and_what_a_row_beats(cells):
    text = render(build(cells))
    rows = lines_of(text)
    assert rows["method"][1:6] == ["#", "row", "method", "R@1", "95 % interval"]
    assert rows["`good`"][1] == rows["`again`"][1] == "1" and rows["`weak`"][1] == "3"
    assert rows["`good`"][4].endswith(" ᶜ") or rows["`good`"][4].endswith(" ᵈ")
    assert rows["`old`"][1].startswith("(") and rows["`random`"][1] == "–"
    assert rows["`good`"][5].startswith("[") and rows["`old`"][5] == "–"
    assert "; 3 pairs of rows compared." in text


def test_the_same_records_give_the_same_bytes_in_any_order(cells):
    for write in (render, render_csv, render_latex):
        assert write(build(cells)) == write(build(cells[::-1]))


def test_labels_in_short():
    order = [label_of(place) for place in range(60)]
    assert len(set(order)) == 60 and "q" not in order and order[:3] == ["a", "b", "c"]
    assert ranges(["a", "b"], order) == ("a b",)
    assert ranges(["c", "a", "d", "e", "g"], order) == ("a", "c-e", "g")
    assert ranges([order[24], order[25], order[26]], order) == ("z-b2",)
    assert ranges([], order) == ()


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


def test_latex_says_how_it_is_read_and_which_machines_its_numbers_stand_for(make):
    text = render_latex(build([make("tirg"), make("sum", environment={"threads": 8})]))
    below = text.partition(r"\end{tabular}")[2]
    assert "Times and memory: on (1) cpu (x86" in below and "8 threads" in below
    assert "only within one machine" in below and "do not differ" not in below  # no queries: nothing is compared


def test_latex_is_the_same_table_escaped(cells, make):
    text = render_latex(build(cells))
    assert r"\texttt{good} & " in text and r"\textsuperscript{" in text and r"$\pm$" in text
    assert text.count(r"\begin{tabular}") == 1 and "synthetic" in text and "reference removed" in text
    odd = render_latex(build([make("a_b%&#{}~^\\$")]))
    assert r"a\_b\%\&\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}\$" in odd


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
    rows = lines_of(text)
    assert [rows[name][-2] for name in ("method", "`a`", "`b`")] == ["on", "2", "1"]


def test_a_latex_table_wider_than_the_page_is_made_smaller_and_says_what_that_needs(cells):
    text = render_latex(build(cells))
    assert text.splitlines()[0].startswith(r"% Needs \usepackage{booktabs,graphicx};")
    assert text.count(r"\resizebox{") == text.count("\\end{tabular}}\n") == 1
