"""At the end: which faults were tried, how many, and why each was survived."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.faults import Place, Tally

TABLE = "faults: tried, survived, and why"


@pytest.fixture(autouse=True, scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Everything that a run imports, so that forks of this process do not import it again and again."""
    from cir_bench.cli.app import main

    torch.set_num_threads(1)  # a fork has no pool of threads
    place = Place(tmp_path_factory.mktemp("imported"), ("-m", "tirg", "--set", "training.epochs=1"))
    assert main(place.words()) == 0


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str], Tally]:
    """A new row of the table."""

    def begin(name: str) -> Tally:
        made = Tally(name)
        rows.append(made)
        return made

    rows: list[Tally] = []
    yield begin
    for row in rows:
        record_property(TABLE, str(row))
    assert not any(row.failed for row in rows), "\n".join(case for row in rows for case in row.failed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    properties = [value for one in reports for name, value in getattr(one, "user_properties", ()) if name == TABLE]
    rows = [value.split("|") for value in dict.fromkeys(properties)]
    if rows:
        terminalreporter.section(TABLE)
        sums = [str(sum(int(row[column]) for row in rows)) for column in (1, 2)]
        for name, tried, survived, why in [*rows, ["in all", *sums, ""]]:
            terminalreporter.line(f"{name:44} {tried:>5} {survived:>5}  {why}")
