"""A cell with a second stage, from ``run`` to the leaderboard: what it learns, and what its record says of K."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from cir_bench.leaderboards import build, render
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.find import known_protocols
from cir_bench.records.check import mistake
from cir_bench.records.load import load_records, read_records
from cir_bench.records.record import RunRecord

from .conftest import PLUGIN, Toy

K = 4


def only(toy: Toy) -> RunRecord:
    (record,) = read_records(toy.out)[0].values()
    return record


@pytest.fixture
def record(toy: Toy) -> RunRecord:
    code, said = toy.run("-m", "rerank", "--set", f"k={K}", "--set", "width=16", "--set", "second.epochs=2")
    assert code == 0, said
    return only(toy)


def rows(toy: Toy) -> list[dict[str, Any]]:
    (path,) = toy.out.rglob("all.jsonl.gz")
    with gzip.open(path, "rt") as lines:
        _, *found = map(json.loads, lines)
    return found


def test_the_record_says_k_and_which_metrics_look_further(record: RunRecord) -> None:
    assert record.rerank is not None
    assert record.rerank.k == K
    cut_offs = {name: int(name.partition("@")[2]) for name in record.metrics if "@" in name}
    assert set(record.rerank.beyond) == {name for name, cut_off in cut_offs.items() if cut_off > K}
    assert record.rerank.beyond


def test_both_stages_are_trained_and_chosen(record: RunRecord) -> None:
    assert [epoch.stage for epoch in record.history][-2:] == ["second", "second"]
    assert {epoch.stage for epoch in record.history} == {"first", "second"}
    assert all(epoch.selection is not None for epoch in record.history)


def test_the_first_stage_is_what_its_composer_is_alone(record: RunRecord, another_toy: Any) -> None:
    """The held-out scores while the composer is trained are those of a method without a second stage."""
    alone = another_toy("alone")
    alone.run("-m", "tirg")
    first = [epoch.selection for epoch in record.history if epoch.stage == "first"]
    assert first == [epoch.selection for epoch in only(alone).history]


def test_ranks_of_targets_are_their_places_in_the_list(record: RunRecord, toy: Toy) -> None:
    for row in rows(toy):
        for target, better, tied in row["targets"]:
            if target in row["top"] and not tied:
                assert row["top"].index(target) == better
        assert row["scores"] == sorted(row["scores"], reverse=True)


def test_the_leaderboard_flags_the_metrics_that_look_further(record: RunRecord, toy: Toy) -> None:
    registry = load_plugins(PluginOptions(files=(PLUGIN,)))
    board = build(load_records([toy.out], known_protocols(registry.benchmark_paths()))[0])
    (row,) = board.sections[0].rows
    assert row.remarks == (
        f"best 4 rescored; {', '.join(record.rerank.beyond)} beyond them in the order of the first stage",
    )
    assert row.remarks[0] in render(board)


def test_a_record_that_hides_which_metrics_look_further_is_left_out(record: RunRecord, toy: Toy) -> None:
    registry = load_plugins(PluginOptions(files=(PLUGIN,)))
    protocol = known_protocols(registry.benchmark_paths())(record.cell.benchmark, record.cell.protocol)
    assert mistake(record, None, protocol) == ""
    forged = record.model_copy(update={"rerank": record.rerank.model_copy(update={"beyond": ()})})
    assert "look beyond the best 4" in mistake(forged, None, protocol)


def test_a_method_without_a_second_stage_has_no_such_facts(toy: Toy) -> None:
    toy.run("-m", "sum")
    assert only(toy).rerank is None


def test_plan_says_what_a_second_stage_lacks(toy: Toy) -> None:
    code, said = toy.plan("-m", "rerank", "--set", "first=tirg-last-conv")
    assert code == 1
    assert "image features maps (it gives pooled)" in said


def test_k_below_one_is_refused_in_one_sentence(toy: Toy) -> None:
    code, said = toy.run("-m", "rerank", "--set", "k=0")
    assert code != 0
    assert "k" in said and "greater than or equal to 1" in said
    assert "Traceback" not in said
