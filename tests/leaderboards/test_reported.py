"""The table of reported numbers: every one is in a paper, under a protocol that exists."""

import csv
from pathlib import Path

import pytest
from support.leaderboard_tables import REPORTED, tables

from cir_bench.config import read_yaml
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.leaderboards import Value, build, render, reported
from cir_bench.leaderboards.reported import not_comparable_numbers, reported_for, reported_numbers
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.builtin import builtin_benchmarks

KEY = ("paper", "table", "benchmark", "method")


def lines(name):
    path = Path(reported.__file__).with_name("reported_numbers") / name
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_no_number_is_given_twice():
    keys = [(one.source(""), one.benchmark, one.protocol, one.method, one.metric) for one in reported_numbers()]
    assert keys
    assert len(keys) == len(set(keys))


def test_every_protocol_named_is_one_of_ours():
    known = {
        (found["name"], protocol)
        for path in builtin_benchmarks()
        if (found := read_yaml(path))
        for protocol in found["protocols"]
    }
    assert {(one.benchmark, one.protocol) for one in reported_numbers()} <= known


def test_every_line_that_has_a_place_here_is_printed_in_a_paper():
    """A name in ``here.csv`` that no printed table has would silently show nothing."""
    printed = {tuple(line[name] for name in KEY) for line in lines("printed.csv")}
    for line in lines("here.csv"):
        assert (line["paper"], line["table"], line["benchmark"], line["named"]) in printed
        assert line["paper"] in {paper["paper"] for paper in lines("papers.csv")}


def test_numbers_keep_their_source():
    (one,) = [n for n in reported_numbers() if (n.method, n.metric, n.benchmark) == ("sadn", "mean/R@10", "fashioniq")]
    assert (one.paper, one.table, one.value) == ("SADN (ACM MM 2024)", "1", 43.91)
    assert one.url.startswith("https://doi.org/")


def cell(**changes):
    base = {"method": "sadn", "benchmark": "fashioniq", "protocol": "original@1", "encoder": "openclip:RN50x4"}
    return CellKey.model_validate(base | {"track": "controlled", "seed": 0} | changes)


@pytest.mark.parametrize(
    ("changes", "whole", "difference"),
    [
        ({}, True, -3.91),
        ({"encoder": "openclip:RN50x4:openai", "track": "paper"}, True, -3.91),
        ({}, False, None),
        ({"encoder": "openclip:RN50x4:laion400m"}, True, None),
        ({"encoder": "captions"}, True, None),
    ],
    ids=["same encoder", "as the paper track names it", "partial data", "other weights", "another encoder"],
)
def test_the_difference_is_taken_only_where_it_means_something(changes, whole, difference):
    found = reported_for(cell(**changes), {"mean/R@10": Value(mean=40.0)}, whole=whole)
    gaps = {one.metric: one.difference for one in found}
    assert gaps["mean/R@10"] == (None if difference is None else pytest.approx(difference))
    assert gaps["mean/R@50"] is None


@pytest.mark.parametrize("changes", [{"variant": "training.epochs=5"}, {"protocol": "val-union@1"}, {"method": "mine"}])
def test_nothing_is_shown_for_what_no_paper_measured(changes):
    assert reported_for(cell(**changes), {}, whole=True) == ()


def test_a_tuned_method_is_still_the_paper_s():
    assert reported_for(cell(variant="tuned=12x5"), {}, whole=True) == reported_for(cell(), {}, whole=True) != ()
    assert reported_for(cell(variant="base=tirg tuned=12x5"), {}, whole=True) == ()


def test_reported_numbers_stand_beside_the_measured_and_change_no_place(make):
    here = {"benchmark": "fashioniq", "protocol": "original@1", "encoder": "openclip:RN50x4"}
    metrics = {"Rmean": 50.0, "mean/R@10": 40.0, "mean/R@50": 60.0, "dress/R@10": 30.0}
    sizes = {"n_queries": {"dress": 5, "shirt": 5, "toptee": 5}}
    records = [
        make(name, cell=here, metrics={key: value + plus for key, value in metrics.items()}, headline="Rmean")
        for name, plus in (("sadn", 0.0), ("mine", 1.0))
    ]
    leaderboard = build([record.model_copy(update=sizes) for record in records])
    text = render(leaderboard)
    assert [row.method for row in leaderboard.sections[0].rows] == ["mine", "sadn"]
    (line,) = tables(text)[REPORTED]
    assert (line["method"], line["mean/R@10"], line["there called"]) == ("`sadn`", "43.91 (-3.91)", "SADN")
    assert line["encoder"] == "`openclip:RN50x4`"
    assert line["source"] == "[SADN (ACM MM 2024), Table 1](https://doi.org/10.1145/3664647.3681493)"
    assert "dress/R@10" not in line


def test_the_paper_track_s_encoders_are_those_of_the_papers():
    """Else the very cells that reproduce a paper would be said to be of another encoder."""
    registry = load_plugins(PluginOptions(third_party=False))
    named = [n for n in reported_numbers() if n.encoder.startswith("openclip:") and "quoted" not in n.note]
    assert {n.method for n in named} >= {"sadn", "tgcir"}
    for number in (n for n in named if n.method in {"sadn", "tgcir", "combiner"}):
        assert number.on(registry.method(number.method).spec.paper_encoder), number


def test_a_number_names_its_protocol_or_says_why_it_compares_with_none():
    for line in lines("sourced.csv"):
        assert bool(line["protocol"]) != bool(line["not_comparable"]), line
        assert line["encoder"], line
        assert line["source"].count("/") >= 1, line


def test_what_is_not_comparable_is_shown_next_to_no_row():
    kept_out = {(one.named, one.benchmark) for one in not_comparable_numbers()}
    assert {("CaLa", "fashioniq"), ("Candidate-Reranking", "fashioniq"), ("Pic2Word", "fashioniq")} <= kept_out
    assert kept_out.isdisjoint({(one.named, one.benchmark) for one in reported_numbers()})


def test_a_number_from_a_repository_names_it():
    (one,) = [n for n in reported_numbers() if (n.named, n.protocol, n.metric) == ("TG-CIR", "original@1", "mean/R@10")]
    assert (one.value, one.method, one.url) == (39.81, "tgcir", "https://github.com/BUAADreamer/SPN4CIR")
    assert one.source("openclip:ViT-B-16") == (
        "TG-CIR (re-run by SPN4CIR), from BUAADreamer/SPN4CIR pics/result.png: TG-CIR, on openclip:ViT-B-16; "
        "the paper itself reports val-union-corrected@1."
    )


@pytest.mark.shared
def test_every_sourced_number_is_here_with_its_protocol(real_data):
    with (real_data("../reported/reported2.csv") / "../reported/reported2.csv").open(encoding="utf-8") as file:
        given = list(csv.DictReader(file))
    numbers = (*reported_numbers(), *not_comparable_numbers())
    for line in given:
        found = [
            one
            for one in numbers
            if (one.named, one.benchmark, one.metric, one.value)
            == (line["method"], line["benchmark"], line["metric"], float(line["value"]))
        ]
        assert found, line
        assert any(one.encoder == line["encoder"] for one in found), line
        assert any(one.protocol.startswith(line["protocol"]) or one.not_comparable for one in found), line
        assert any(one.not_comparable for one in found) or line["protocol"] != "unclear", line


@pytest.mark.shared
def test_the_printed_tables_are_the_papers(real_data):
    path = real_data("../reported/reported.csv") / "../reported/reported.csv"
    with path.open(encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == lines("printed.csv")
