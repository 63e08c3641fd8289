"""A finished cell's method, loaded again, ranks as it did."""

import pytest

from cir_bench.errors import RunError
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.records.rankings import load_ranking
from cir_bench.runs.assembly import restore
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.workbench import Workbench

torch = pytest.importorskip("torch")


@pytest.fixture
def again(toy):
    """Runs a method on an encoder; gives what `restore` needs to load it again, in a new workbench."""

    def run(method, encoder):
        assert toy.run("-m", method, "-e", encoder, "--set", "training.epochs=2")[0] == 0
        registry = load_plugins(PluginOptions(files=(toy_plugin(toy),)))
        request = RunRequest(
            methods=(method,), benchmarks=("toy",), encoders=(encoder,), settings={"training": {"epochs": 2}}
        )
        (cell,) = resolve(request, registry)
        return cell, Workbench(None, toy.cache, torch.device("cpu")), registry, cell.folder(toy.out)

    return run


def toy_plugin(toy):
    from pathlib import Path

    return Path(toy.argv("run")[2])


@pytest.mark.parametrize("encoder", ["toy", "toy-live"])
def test_its_rankings_are_those_that_were_measured(again, encoder):
    cell, bench, registry, folder = again("tirg", encoder)
    trained = restore(cell, bench, registry, folder)
    assert bool(trained.trainee.encoders) == (encoder == "toy-live")
    source = trained.sources.for_evaluation(encoder == "toy-live")
    ranked = trained.rank(source, bench.data.evaluation(cell), subset=False)
    stored = load_ranking(folder / "rankings" / "all.jsonl.gz")
    assert ranked.parts[""].gallery.top_ids == stored.top_ids
    assert not trained.method.training
    assert not any(parameter.requires_grad for parameter in trained.method.parameters())


def test_weights_that_were_not_kept_cannot_be_loaded(again):
    cell, bench, registry, folder = again("tirg", "toy")
    for weights in (folder / "checkpoints").iterdir():
        weights.unlink()
    with pytest.raises(RunError, match="were not kept"):
        restore(cell, bench, registry, folder)


def test_a_method_that_learns_nothing_needs_none(again):
    cell, bench, registry, folder = again("sum", "toy")
    trained = restore(cell, bench, registry, folder)
    assert not trained.trainee.encoders and not list(trained.method.parameters())
