"""What the charts show is what the records say."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.leaderboards.table import size
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.report import report_page
from cir_bench.report.cost import cost_figure
from cir_bench.report.html_table import html_table
from cir_bench.report.learning import training_figures
from cir_bench.report.page import SectionView
from cir_bench.report.recall import recall_figure
from cir_bench.report.svg import spanning
from cir_bench.report.tags import breakdown

FINITE = st.floats(-1e6, 1e6, allow_nan=False)
POSITIVE = st.floats(1e-4, 1e8)


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_an_axis_holds_every_value_and_its_ticks_are_within(values):
    scale = spanning(values, 0, 100)
    assert all(-1e-6 <= scale(value) <= 100 + 1e-6 for value in values)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 8
    assert all(-1e-6 <= scale(tick) <= 100 + 1e-6 for tick in ticks)


@given(st.lists(POSITIVE, min_size=1, max_size=20))
def test_so_does_a_logarithmic_one(values):
    scale = spanning(values, 0, 100, log=True)
    assert all(0 <= scale(value) <= 100 for value in values)
    assert len(scale.ticks()) >= 2
    assert all(0 <= scale(tick) <= 100 for tick in scale.ticks())


def test_a_logarithmic_axis_passes_over_values_that_are_not_positive():
    assert spanning([0.0, -1.0], 0, 1, log=True).low > 0


@pytest.mark.parametrize(("value", "text"), [(0.05, "0.05"), (40, "40"), (3000, "3 k"), (2.5e6, "2.5 M"), (1e9, "1 G")])
def test_ticks_are_short(value, text):
    assert size(value) == text


def tips(figure):
    return [tip for _, picture in figure.charts for tip in re.findall(r"<title>(.*?)</title>", picture)]


def test_recall_at_every_k_comes_from_the_ranks_of_the_queries(cell, shown):
    records = [cell("tirg", seed=seed) for seed in range(2)]
    (block,) = shown()
    figure = recall_figure(block)
    for k in (1, 5, 10, 50):
        mean = np.mean([record.metrics[f"R@{k}"] for record in records])
        assert f"tirg: R@{k} {mean:.2f}" in tips(figure)
    assert figure.charts[0][1].count("L") > 45  # a line through fifty places
    assert dict(figure.numbers.rows)["tirg"][0] == f"{np.mean([r.metrics['R@1'] for r in records]):.2f}"


def test_where_ranks_were_not_kept_the_record_s_few_k_are_shown_and_that_is_said(cell, shown):
    record = cell("tirg", kept=False)
    (block,) = shown()
    figure = recall_figure(block)
    assert tips(figure) == [f"tirg: R@{k} {record.metrics[f'R@{k}']:.2f}" for k in (1, 5, 10, 50)]
    assert "ranks were not kept" in figure.note


def test_cost_compares_times_within_one_machine_only(cell, shown):
    for name, device in (("tirg", "cpu"), ("val", "cpu"), ("clvcnet", "gpu"), ("tgcir", "gpu")):
        cell(name, environment={"device": device, "threads": 1 if device == "cpu" else 2})
    (block,) = shown()
    figure = cost_figure(block)
    by_name = dict(figure.charts)
    assert all(name in by_name["parameters"] for name in ("tirg", "val", "clvcnet", "tgcir"))
    for name, picture in by_name.items():
        if name != "parameters":
            assert ("tirg" in picture) != ("tgcir" in picture), name
    assert len(by_name) == 1 + 2 * 3


def test_nothing_to_compare_is_no_chart(cell, shown):
    cell("tirg")
    (block,) = shown()
    assert cost_figure(block) is None


def test_learning_curves_and_every_loss_term(cell, shown):
    for seed in range(2):
        cell("tirg", seed=seed)
    cell("sum")
    (block,) = shown()
    curves, loss = training_figures(block)
    assert [series.name for series in curves.legend] == ["tirg"]
    assert "tirg, seed 1: 12.00 in epoch 3" in tips(curves)
    assert loss.title == "Loss of tirg"
    assert loss.numbers.rows == [("rank", ["2", "0.6667"])]


def test_the_share_of_the_gradient_of_each_term_is_drawn_where_records_have_it(cell, shown):
    for seed in range(2):
        history = [
            {
                "stage": "all",
                "epoch": e,
                "terms": {"a": 1.0, "b": 2.0},
                "seconds": 1,
                "shares": {"a": share, "b": 1 - share},
            }
            for e, share in enumerate([0.5 + 0.1 * seed, 0.75])
        ]
        cell("tirg", seed=seed, history=history)
    (block,) = shown()
    (loss,) = training_figures(block)
    assert [title for title, _ in loss.charts] == ["Loss terms", "Shares of the gradient"]
    assert "a: 75.00 % in epoch 2" in tips(loss)
    assert loss.numbers.heads[2:] == ["share of the gradient in the first epoch, %", "in the last, %"]
    assert loss.numbers.rows == [("a", ["1", "1", "55.00", "75.00"]), ("b", ["2", "2", "45.00", "25.00"])]


def test_terms_of_different_sizes_have_a_logarithmic_axis(cell, shown):
    history = [{"stage": "all", "epoch": e, "terms": {"a": 100 - e, "b": 0.01}, "seconds": 1} for e in range(3)]
    cell("tirg", history=history)
    (block,) = shown()
    (loss,) = training_figures(block)
    assert "logarithmic" in loss.charts[0][1]


def test_the_breakdown_by_tag_has_every_tag_with_its_queries(cell, shown):
    records = [cell("tirg", seed=seed) for seed in range(2)]
    (block,) = shown()
    table = breakdown(block)
    assert table.metric == "R@1"
    assert table.groups == [("kind", 2)]
    assert [(tag.name, tag.count) for tag in table.tags] == [("even", 20), ("odd", 20)]
    ((line, values),) = table.rows
    assert line.name == "tirg"
    assert values[1] == pytest.approx(np.mean([record.tags["kind:odd"]["R@1"] for record in records]))


def test_tags_with_equal_values_share_a_column(cell, shown, parse):
    values = {"n": 20.0, "R@1": 30.0}
    tags = {"kind:odd": values, "edits:1": values, "kind:even": values | {"R@1": 40.0}}
    cell("tirg", tags=tags, kept=False)
    (block,) = shown()
    table = breakdown(block)
    assert [(tag.group, tag.name, tag.same) for tag in table.tags] == [
        ("edits", "1", ("kind:odd",)),
        ("kind", "even", ()),
    ]
    ((_, line),) = table.rows
    assert line == [30.0, 40.0]
    text = parse(report_page((block,))).text
    assert "1 = kind:odd" in text and "the same values share a column" in text


def test_lines_have_their_names_at_their_ends_apart_from_each_other(cell, shown):
    for place in range(9):
        cell(f"method-{place}", 0.3)
    (block,) = shown()
    picture = str(recall_figure(block).charts[0][1])
    heights = [float(y) for y in re.findall(r'class="label"[^>]*? y="([\d.]+)"', picture)]
    assert len(heights) == 9
    assert all(after - before > 14 for before, after in pairwise(sorted(heights)))


def test_two_lines_are_highlighted_where_there_are_many(cell, shown):
    for name, quality in (("a", 0.5), ("b", 0.4), ("c", 0.3)):
        cell(name, quality)
    (block,) = shown()
    assert recall_figure(block).pair == []
    cell("random", 0.01)
    (block,) = shown()
    assert recall_figure(block).pair == [one.name for one in block.methods[:2]]


def test_the_legend_of_costs_leaves_out_what_no_chart_shows(cell, shown):
    for name in ("tirg", "val"):
        cell(name)
    cell("sum", cost={"train_seconds": 0.0, "query_milliseconds": 0.0, "peak_memory_mib": 0.0})
    (block,) = shown()
    figure = cost_figure(block)
    assert {series.name for series in figure.legend} == {"tirg", "val"} == set(dict(figure.numbers.rows))


def test_the_table_has_every_metric_its_interval_and_its_cost(cell, shown):
    for seed in range(2):
        cell("tirg", seed=seed)
    (block,) = shown()
    table = html_table(block)
    names = [column.heading for column in table.columns]
    assert names == ["R@1", "R@5", "R@10", "R@50", "seeds", "parameters", "train (s)", "ms/query", "peak (MiB)"]
    (row,) = table.rows
    cells = dict(zip(names, row.entries, strict=True))
    assert "95 % interval" in cells["R@1"].tip and cells["R@1"].small.startswith("±")
    assert (cells["parameters"].text, cells["train (s)"].text, cells["peak (MiB)"].text) == ("4 k", "61.5", "900")
    assert "cpu (x86_64)" in cells["ms/query"].tip


def test_costs_of_two_machines_say_which_in_the_table_and_above_it(cell, shown):
    cell("tirg")
    cell("val", environment={"threads": 1})
    for seed, threads in enumerate((1, 2)):
        cell("sadn", seed=seed, environment={"threads": threads})
    (block,) = shown()
    table = html_table(block)
    on = [column.heading for column in table.columns].index("on")
    assert {row.of.row.method: row.entries[on].text for row in table.rows} == {"tirg": "2", "val": "1", "sadn": "1 2"}
    times = [column.heading for column in table.columns].index("train (s)")
    assert {row.of.row.method: row.entries[times].machines for row in table.rows} == {
        "tirg": "2",
        "val": "1",
        "sadn": "1 2",
    }
    view = SectionView(block)
    assert dict(view.facts)["Measured on"].startswith("(1) cpu (x86_64) (float32, 1 thread, ")
    assert "; (2) cpu (x86_64) (float32, 2 threads, " in dict(view.facts)["Measured on"]
    assert "compare only between rows with the same number" in view.reading


def test_the_cost_charts_of_two_machines_with_the_same_threads_have_two_names(cell, shown):
    for place, device in enumerate(("cpu (A, 4 cores)", "cpu (B, 4 cores)")):
        for name in ("tirg", "val"):
            cell(name, variant=f"width={place}", environment={"device": device})
    (block,) = shown()
    names = [name for name, _ in cost_figure(block).charts]
    assert names[1:4] == ["ms/query, on 1", "train, on 1", "memory, on 1"] and len(set(names)) == len(names) == 7


def test_a_method_s_name_lies_on_no_other_method_s_interval(cell, shown):
    for place in range(4):
        cell(f"method-{place}", 0.3, method={"trained_parameters": 1000 + 30 * place**3})
    (block,) = shown()
    picture = str(cost_figure(block).charts[0][1])
    found = re.findall(r'class="whisker[^>]*x1="([\d.]+)" x2="[\d.]+" y1="([\d.]+)" y2="([\d.]+)"', picture)
    lines = [tuple(map(float, one)) for one in found]
    labels = re.findall(r'class="label" data-method="([^"]+)" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)"', picture)
    assert len(lines) == 4 and len(labels) >= 2
    for name, x, y, anchor in labels:
        width = 6 * len(name)
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[anchor]
        for place, high, low in lines:
            assert not (left < place < left + width and high < float(y) and float(y) - 10 < low), name


def test_of_many_variants_charts_show_the_best_of_each_method_and_say_so(cell, shown):
    for width in range(20):
        cell("tirg", 0.05 * width + 0.01, variant=f"width={width}")
    cell("val")
    (block,) = shown()
    figure = recall_figure(block)
    assert len(figure.legend) == 2 and {one.row.method for one in block.drawn} == {"tirg", "val"}
    assert figure.legend == [one.series for one in block.drawn]
    best = max(one.row.metrics["R@1"].mean for one in block.methods)
    assert block.drawn[0].row.metrics["R@1"].mean == best
    assert "Of 21 rows the best of each method; the table has all." in figure.note
    assert len(html_table(block).rows) == 21


def test_the_rows_that_a_row_beats_are_named(cell, shown):
    for seed in range(2):
        for name, quality in (("good", 0.6), ("fair", 0.02), ("poor", 0.02)):
            cell(name, quality, seed=seed)
    (block,) = shown()
    table = html_table(block)
    place = [column.heading for column in table.columns].index("beats")
    first = block.rows[0].row
    assert (table.rows[0].entries[place].text, table.rows[0].entries[place].value) == ("fair, poor", len(first.beats))
    assert {row.entries[place].text for row in table.rows[1:]} == {"–"}


def test_a_reported_number_has_a_difference_on_its_own_encoder_and_a_star_on_another(cell, shown):
    """`fashioniq/original@1` with the paper's encoder and with captions."""
    key = {"benchmark": "fashioniq", "protocol": "original@1"}
    known = builtin_protocol("fashioniq", "original@1")
    facts = {"hash": known.hash(), "query_text": known.query_text}
    changes = {"protocol": facts, "ingredients": {"protocol.hash": known.hash()}, "metrics": {"mean/R@10": 40.0}}
    for encoder in ("openclip:RN50x4", "captions"):
        cell("sadn", cell=key | {"encoder": encoder}, kept=False, **changes)
    texts = {}
    for block in shown():
        table = html_table(block)
        (row,) = table.rows
        place = [column.heading for column in table.columns].index("reported mean/R@10")
        texts[row.of.row.encoder] = row.entries[place].text, row.entries[place].small, SectionView(block).reading
    text, small, reading = texts["openclip:RN50x4"]
    assert (text, small) == ("43.91", "-3.91 here") and "*" not in reading
    text, small, reading = texts["captions"]
    assert (text, small) == ("43.91*", "") and "* reported on another encoder" in reading
