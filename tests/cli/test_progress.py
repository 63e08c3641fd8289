"""Progress without a terminal: lines now and then, with the time left as soon as it can be told."""

import pytest

from cir_bench.cli import progress
from cir_bench.cli.progress import stage_progress, with_progress


@pytest.fixture
def clock(monkeypatch):
    """``clock[0]``: the time in seconds; every line is due."""
    now = [100.0]
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr("rich.console.monotonic", lambda: now[0])
    return now


def lines(capsys):
    return capsys.readouterr().err.splitlines()


def test_items_are_passed_on_and_the_time_left_is_told_from_the_second_on(capsys, clock):
    passed = []
    for item in with_progress(["a", "b", "c", "d"], 4, "decoding images"):
        passed.append(item)
        clock[0] += 3
    assert passed == ["a", "b", "c", "d"]
    assert lines(capsys) == [
        "decoding images: 1 of 4",
        "decoding images: 2 of 4, 6 s left",
        "decoding images: 3 of 4, 3 s left",
    ]


def test_each_stage_has_a_time_of_its_own(capsys, clock):
    with stage_progress("images") as show:
        for done in (64, 128, 192):
            clock[0] += 100
            show("embedding", done, 192)
        show("reading", 1, 2762)  # no time has passed since this stage began
        clock[0] += 2
        show("reading", 11, 2762)
    assert lines(capsys) == [
        "embedding images: 64 of 192",
        "embedding images: 128 of 192, 100 s left",
        "reading images: 1 of 2762",
        "reading images: 11 of 2762, 551 s left",
    ]
