"""Cells that are computed at the same time: the longest begin first, so that the others fill up what they leave."""

from __future__ import annotations

from dataclasses import replace

from cir_bench.engine.order import longest_first
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.runs.costs import CellCost, Size, StageCost, batch_of, encoder_digest, settings_digest
from cir_bench.verbs.choice import RunChoice

REGISTRY = load_plugins(PluginOptions(third_party=False))


def cells(*methods, settings=None):
    mentioned = {"methods": list(methods), "benchmarks": ["css"], "settings": settings or {}}
    return RunChoice(mentioned).resolve(REGISTRY).cells


def names(found):
    return [cell.key.method for cell in found]


def cost(cell, seconds, device="cpu (another machine)", **changes):
    config = cell.config()
    facts = {
        **{"cell": cell.key, "device": device, "precision": "float32", "threads": 1, "finished": cell.key.method},
        "settings": settings_digest(config["method"], False),
        "encoder": encoder_digest(config["encoder"], cell.has_trained_encoder),
        **{"learns_from": "triplets", "size": Size(examples=10, queries=5, gallery=10, pairs=50)},
        "batch": batch_of(config["method"]),
        "stages": (StageCost(asked=12, ran=12, seconds=seconds / 12),) if cell.epochs else (),
        **{"preparing": 0.0 if cell.epochs else seconds, "embedding": 0.0, "searching": 0.0, "evaluating": 0.0},
        **{"device_mib": 1.0, "host_mib": 1.0, "tables_mib": 1.0},
    }
    return CellCost(**{**facts, **changes})


def test_by_the_times_that_were_measured_whatever_the_machine():
    sums, tirg, val = cells("sum", "tirg", "val")
    costs = [cost(sums, 3.0), cost(tirg, 40.0), cost(val, 7.0)]
    assert names(longest_first([sums, val, tirg], costs)) == ["tirg", "val", "sum"]


def test_without_times_those_that_read_the_most_come_first_and_those_that_train_nothing_last():
    found = cells("constant", "tirg", "sum", "clvcnet", "val")
    assert names(longest_first(found, [])) == ["val", "clvcnet", "tirg", "constant", "sum"]
    assert names(longest_first([*reversed(found)], [])) == ["val", "clvcnet", "tirg", "sum", "constant"]


def test_a_trained_encoder_is_longer_than_a_frozen_one():
    (trained,) = cells("tirg", settings={"training": {"encoder": "train"}})
    assert longest_first([*cells("val"), trained], [])[0] is trained


def test_what_trains_and_was_never_timed_may_be_the_longest():
    sums, tirg, val = cells("sum", "tirg", "val")
    assert names(longest_first([sums, tirg, val], [cost(val, 100.0)])) == ["tirg", "val", "sum"]


def test_no_cell_is_lost_and_equal_ones_keep_their_order():
    found = [*cells("sum"), *cells("image-only"), *cells("text-only")]
    assert names(longest_first(found, [])) == ["sum", "image-only", "text-only"]


def test_a_refused_cell_comes_last_and_is_asked_nothing():
    (refused,) = cells("val")
    refused = replace(refused, refusal="its plugin cannot say what it needs")
    assert longest_first([refused, *cells("sum")], [cost(refused, 100.0)])[-1] is refused
