"""The memory of cells at the same time: the largest that may meet, on the machine and on each GPU."""

from __future__ import annotations

import pytest

from cir_bench.runs.forecast import Forecast
from cir_bench.runs.machine import Machine
from cir_bench.runs.together import AtOnce, together

CELLS = [Forecast(device_mib=float(n), host_mib=10.0 * n, basis="records", of=1) for n in (100, 400, 200, 300)]


def on(asked, *, gpus=0, host=1e6, device=None, cells=CELLS):
    return together(cells, asked, Machine("a test", host, device, gpus))


@pytest.mark.parametrize(
    ("asked", "gpus", "expected"),
    [
        (AtOnce(2), 0, (2, 7000, 0, 0)),
        (AtOnce(9), 0, (4, 10_000, 0, 0)),
        (AtOnce(4), 2, (2, 7000, 1, 400)),  # one on each; the others wait
        (AtOnce(3, 1.0), 8, (3, 9000, 1, 400)),
        (AtOnce(4, 0.5), 2, (4, 10_000, 2, 700)),
        (AtOnce(4, 0.3), 1, (3, 9000, 3, 900)),
        (AtOnce(4, 2.0), 4, (2, 14_000, 1, 400)),  # each in two processes
        (AtOnce(4, 0.0), 1, (4, 10_000, 4, 1000)),
    ],
)
def test_the_largest_that_may_meet_are_added_up(asked, gpus, expected):
    found = on(asked, gpus=gpus)
    assert (found.cells, found.host_mib, found.sharing, found.device_mib) == expected and not found.misfit


def test_it_is_said_what_does_not_fit_and_what_to_do():
    both = on(AtOnce(4, 0.5), gpus=2, host=9999.0, device=699.0).misfit
    assert both == (
        "2 cells on a GPU need about 0.7 GiB, and it has 0.7 GiB free (--gpus-per-cell with a larger number puts fewer "
        "on each); 4 cells need about 9.8 GiB of memory, and 9.8 GiB are free (choose a smaller --max-cells)"
    )
    assert on(AtOnce(4, 0.5), gpus=2, host=10_000.0, device=700.0).misfit == ""
    assert on(AtOnce(4, 0.5), gpus=2, host=None).misfit == "", "nothing is known of the machine"


def test_what_is_unknown_is_not_counted_and_said():
    found = on(AtOnce(3), cells=[*CELLS[:2], Forecast(), Forecast()])
    assert (found.cells, found.unknown) == (2, 2)
    assert str(found) == "the 2 largest cells need about 4.9 GiB of memory; 2 without an estimate are not counted"
    assert str(on(AtOnce(2, 0.5), gpus=1)).endswith("memory, 2 of them 0.7 GiB of a GPU")


@pytest.mark.parametrize("cells", [[], [Forecast()], CELLS[:1]])
def test_of_one_cell_or_none_there_is_nothing_to_add(cells):
    assert on(AtOnce(4), cells=cells) is None
    assert on(AtOnce(1)) is None
