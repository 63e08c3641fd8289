"""A training that needs more memory than there is goes on with less of a batch at a time, or says what to do."""

from __future__ import annotations

import pytest
import torch

from cir_bench.training.optimisers import RunningOptimiser

FEW = ("-m", "tirg", "--set", "training.epochs=2", "--set", "training.encoder_eval=true")


@pytest.fixture
def memory_used_up(monkeypatch):
    """Makes some backward passes (counted from 0 over the whole run) fail."""

    def at(*passes):
        counted, backward = iter(range(10_000)), RunningOptimiser.backward

        def failing(self, loss):
            if next(counted) in passes:
                raise torch.OutOfMemoryError("CUDA out of memory")
            backward(self, loss)

        monkeypatch.setattr(RunningOptimiser, "backward", failing)

    return at


def only(records):
    (record,) = records.values()
    return record


def test_it_goes_on_with_half_and_comes_to_the_same(toy, another_toy, memory_used_up):
    other = another_toy("whole")
    assert other.run(*FEW, "-e", "toy-live")[0] == 0
    memory_used_up(0, 3)  # at once, and again later
    assert toy.run(*FEW, "-e", "toy-live")[0] == 0
    record, expected = only(toy.records()), only(other.records())
    assert record.metrics == pytest.approx(expected.metrics)
    for epoch, whole in zip(record.history, expected.history, strict=True):
        assert epoch.terms == pytest.approx(whole.terms, rel=1e-4)
    said = [note for note in record.warnings if "does not hold a training batch at once" in note]
    assert len(said) == 2 and "those of the whole batch" in said[0]
    assert not any("does not hold" in note for note in expected.warnings)


def test_without_an_encoder_in_training_it_is_told_so(toy, memory_used_up):
    memory_used_up(0)
    code, output = toy.run(*FEW, "-e", "toy")
    assert code == 1
    assert "does not hold a training batch of cached features; choose a smaller training.batch_size" in output
    assert "Traceback" not in output
