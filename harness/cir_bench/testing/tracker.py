"""`TrackerContract`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import TrackerSpec
from cir_bench.interfaces.tracker import TrackedCell, Tracker, TrackerContext
from cir_bench.plugin.registry import create
from cir_bench.testing.base import Contract

Logged = Mapping[str, Mapping[int, float]]
"""By the name under which a value was logged its values by step."""


class TrackerContract(Contract):
    """The contract of a tracker: set ``name``, and override :meth:`logged`.

    Set the variables of the environment that keep the tracker away from a network, in a fixture with ``autouse``.
    """

    def logged(self, out: Path, cell: TrackedCell) -> Logged:
        """What the tracker's own library reads back of a cell's values by step; skips the checks that need it."""
        pytest.skip("override logged() to have the values checked that the tracker has written")

    def named(self, name: str) -> str:
        """The name under which the tracker logs a value; override it if the tracker does not take every character."""
        return name

    def tracker(self, out: Path) -> Tracker:
        """The tracker under test."""
        registered = self.find(TrackerSpec)
        made: Tracker = create(registered, make_params(registered.spec, self.parameters()), TrackerContext(out))
        return made

    @staticmethod
    def cell(method: str, *, resumed: bool = False) -> TrackedCell:
        """A cell such as the harness passes on."""
        key = CellKey(
            method=method,
            benchmark="css",
            protocol="test@1",
            encoder="openclip:RN50",
            track="controlled",
            seed=0,
            variant="training.lr=0.1",
        )
        settings = {"method.training.lr": "0.1", "method.text": "é" * 300, "dataset.seed": "0"}
        return TrackedCell(key, f"css/test@1/controlled/tiny/{method}+1f0e6a3b/seed-0", settings, resumed)

    def test_it_takes_every_event_of_a_run(self, tmp_path: Path) -> None:
        """A cell that is done, one that failed and one that was interrupted."""
        tracker, done = self.tracker(tmp_path), self.cell("done")
        tracker.start(done)
        for step in (1, 2):
            tracker.log(done, {"loss": 1.0 / step, "loss/batch-classification": 0.5, "held_out": 10.0 * step}, step)
        tracker.picture(done, "example queries", Image.new("RGB", (40, 20), "red"))
        tracker.end(done, "done", "", {"R@1": 12.5, "mean/R@10": 30.0, "train_seconds": 1.0})
        for outcome in ("failed", "interrupted"):
            tracker.start(self.cell(outcome))
            tracker.end(self.cell(outcome), outcome, "ValueError: no |\nsuch thing", {})
        tracker.close()
        found = self.logged(tmp_path, done)
        assert found[self.named("loss")] == {1: 1.0, 2: 0.5}
        assert found[self.named("held_out")] == {1: 10.0, 2: 20.0}
        assert list(found[self.named("R@1")].values()) == [12.5]

    def test_cells_that_run_together_are_kept_apart(self, tmp_path: Path) -> None:
        """Their events come in any order."""
        tracker, cells = self.tracker(tmp_path), [self.cell("first"), self.cell("second")]
        for cell in cells:
            tracker.start(cell)
        for number, cell in enumerate(cells, 1):
            tracker.log(cell, {"loss": float(number)}, 1)
        for cell in cells:
            tracker.end(cell, "done", "", {})
        tracker.close()
        assert [self.logged(tmp_path, cell)[self.named("loss")] for cell in cells] == [{1: 1.0}, {1: 2.0}]

    def test_a_cell_that_was_interrupted_continues(self, tmp_path: Path) -> None:
        """Another process goes on with the steps of the first one, whose last epoch may come again."""
        first, second = self.tracker(tmp_path), None
        cell = self.cell("tirg")
        first.start(cell)
        first.log(cell, {"loss": 3.0}, 1)
        first.end(cell, "interrupted", "", {})
        first.close()
        second, resumed = self.tracker(tmp_path), self.cell("tirg", resumed=True)
        second.start(resumed)
        second.log(resumed, {"loss": 2.0}, 2)
        second.end(resumed, "done", "", {})
        second.close()
        assert self.logged(tmp_path, resumed)[self.named("loss")] == {1: 3.0, 2: 2.0}

    def test_it_prints_nothing_on_standard_output(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Which belongs to ``--json``."""
        tracker, cell = self.tracker(tmp_path), self.cell("tirg")
        tracker.start(cell)
        tracker.log(cell, {"loss": 3.0}, 1)
        tracker.end(cell, "done", "", {"R@1": 1.0})
        tracker.close()
        assert capfd.readouterr().out == ""
