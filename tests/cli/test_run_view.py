"""What a log says of a run."""

import io

import pytest

from cir_bench.cli import run_view
from cir_bench.cli.run_view import PlainView


@pytest.fixture
def clock(monkeypatch):
    """``clock(5)`` lets five seconds go by."""
    now = [1000.0]
    monkeypatch.setattr(run_view.time, "monotonic", lambda: now[0])

    def pass_by(seconds):
        now[0] += seconds

    return pass_by


def test_the_time_left_is_that_of_the_epochs_run_now(clock):
    """Neither what came before them nor the epochs of an interrupted run count, and each stage has its own pace."""
    stream = io.StringIO()
    view = PlainView(stream)
    clock(500)  # features
    for epoch in range(4, 10):
        view.epoch_started("training", epoch, 10, 7)
        clock(20)
        view.epoch_done("training", epoch, 0.5, None)
    for epoch in range(2):
        view.epoch_started("tuning", epoch, 2, 7)
        clock(90)
        view.epoch_done("tuning", epoch, 0.5, None)
    left = [line.split(", ")[-1] for line in stream.getvalue().splitlines()]
    assert left == [
        "100 s left",
        "80 s left",
        "60 s left",
        "40 s left",
        "20 s left",
        "0 s left",
        "90 s left",
        "0 s left",
    ]
