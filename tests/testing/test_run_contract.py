"""`RunContract` passes a sound method and catches each fault by the check that is named for it."""

import sys
from pathlib import Path

import pytest

from cir_bench import Context, DatasetSpec
from cir_bench.testing import DatasetContract, EncoderContract, RunContract, generated

PLUGIN = Path(__file__).with_name("faulty_runs.py")


@pytest.fixture
def contract():
    """``contract("run-sound", max_seconds=1)`` is a contract class of one of the methods."""
    return lambda name, **values: type("Case", (RunContract,), {"name": name, "plugin_files": (PLUGIN,), **values})


def run(case, test, notes=None):
    function = getattr(case(), test)
    if "record_property" in function.__code__.co_varnames:
        function(lambda name, value: (notes if notes is not None else {}).update({name: value}))
    else:
        function()


def test_a_sound_method_passes_everything_and_its_costs_are_noted(contract):
    case, notes = contract("run-sound"), {}
    for test in [name for name in dir(case) if name.startswith("test_")]:
        run(case, test, notes)
    assert "ms per query" in notes["note"]


@pytest.mark.parametrize(
    ("name", "test", "told"),
    [
        ("run-speechless", "test_it_trains_and_ranks_the_gallery", "is nan: a score must be"),
        ("run-unseeded", "test_one_seed_one_result", "two runs with one seed"),
        ("run-firstcandidate", "test_the_order_of_the_gallery_does_not_matter", "queries differ"),
        ("run-fails", "test_it_trains_and_ranks_the_gallery", "ZeroDivisionError: in the first step"),
        ("run-nanloss", "test_it_trains_and_ranks_the_gallery", "nan|not finite|NaN"),
    ],
)
def test_a_fault_is_caught_by_its_check(contract, name, test, told):
    with pytest.raises((AssertionError, Exception), match=told):
        run(contract(name), test)


def test_a_method_that_knows_the_targets_is_caught(contract, monkeypatch):
    case = contract("run-peeks")
    case().finished()
    composer = next(
        module.TellsTargets
        for name, module in list(sys.modules.items())
        if name.startswith("cir_bench_file_faulty_runs")
    )
    monkeypatch.setattr(composer, "told", 50.0)
    with pytest.raises(AssertionError, match="other targets of the test queries gave other rankings"):
        run(case, "test_targets_of_the_evaluation_are_not_seen")


@pytest.mark.parametrize(
    ("limit", "told"), [({"max_seconds": 0.01}, "max_seconds is 0.01"), ({"max_mib": -1}, "max_mib is -1")]
)
def test_what_takes_too_much_is_caught(contract, limit, told):
    with pytest.raises(AssertionError, match=told):
        run(contract("run-sound", **limit), "test_time_and_memory_are_bounded")


def test_what_follows_a_run_that_failed_is_skipped_not_failed_again(contract):
    with pytest.raises(pytest.skip.Exception, match="it does not run"):
        run(contract("run-fails"), "test_targets_of_the_evaluation_are_not_seen")


class TestGeneratedDataset(DatasetContract):
    name = generated.NAME
    split = "test"
    plugin_files = (generated.FILE,)


class TestGeneratedEncoder(EncoderContract):
    name = generated.NAME
    plugin_files = (generated.FILE,)


def test_no_test_query_is_trained_on():
    data = generated.Bars(generated.GeneratedParams(), Context(None, Path()))
    trained = {(triplet.reference, triplet.target) for triplet in data.train()}
    assert not trained & {(query.reference, query.targets[0]) for query in data.queries("test")}


def test_it_is_no_benchmark_of_a_run_that_does_not_load_it():
    from cir_bench.plugin.loader import PluginOptions, load_plugins

    assert generated.NAME not in load_plugins(PluginOptions(), environ={}).all(DatasetSpec)
