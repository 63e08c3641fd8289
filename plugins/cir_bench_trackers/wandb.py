"""`Wandb`: one run of Weights & Biases for each cell."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping
from typing import Any

import wandb
from PIL.Image import Image

from cir_bench import TrackedCell, TrackedOutcome, Tracker, TrackerContext
from cir_bench_trackers.params import WandbParams

SERVICE = "WANDB_SERVICE"
"""Where W&B says how its own process is reached."""
STEP = "epoch"
"""What values are drawn over: the step of a run on a server only ever grows, but an epoch may come twice."""


class Wandb(Tracker):
    """Values by epoch, final metrics as the summary, settings as the configuration, pictures as images.

    ``WANDB_MODE`` decides between online and offline; if it is not set and there is no API key, runs are kept offline,
    in ``wandb`` below ``--out``, and ``wandb sync`` sends them later.
    """

    def __init__(self, params: WandbParams, context: TrackerContext) -> None:
        self._project, self._out = params.project, context.out
        self._runs: dict[str, Any] = {}
        self._out.mkdir(parents=True, exist_ok=True)
        self._settings = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False)

    def start(self, cell: TrackedCell) -> None:
        """Open the cell's run; a cell that continues goes on with its last one."""
        run = wandb.init(
            project=self._project,
            name=cell.key.name[:120],
            id=self._id(cell),
            resume="allow" if cell.resumed else None,
            group=f"{cell.key.benchmark}/{cell.key.protocol}",
            tags=[cell.key.method[:60], cell.key.track],
            config=dict(cell.settings),
            dir=str(self._out),
            mode=_mode(),
            reinit="create_new",
            settings=self._settings,
        )
        os.environ.pop(SERVICE, None)  # it is for processes that this one starts, and none of them has a tracker
        run.define_metric("*", step_metric=STEP)
        self._runs[cell.path] = run

    def log(self, cell: TrackedCell, values: Mapping[str, float], step: int) -> None:
        """A row of the history."""
        self._runs[cell.path].log({**values, STEP: step})

    def picture(self, cell: TrackedCell, name: str, image: Image) -> None:
        """An image."""
        self._runs[cell.path].log({name: wandb.Image(image)})

    def end(self, cell: TrackedCell, outcome: TrackedOutcome, reason: str, summary: Mapping[str, float]) -> None:
        """The summary and the state."""
        run = self._runs.pop(cell.path)
        run.summary.update({**summary, "outcome": outcome, **({"reason": reason} if reason else {})})
        run.finish(exit_code=int(outcome != "done"))

    def _id(self, cell: TrackedCell) -> str:
        """A new one, unless the cell continues; it is kept for the process that does."""
        mark = hashlib.sha256(cell.path.encode()).hexdigest()[:16]
        file = self._out / "wandb" / "ids" / mark
        if cell.resumed and file.exists():
            return file.read_text(encoding="utf-8")
        new = uuid.uuid4().hex[:12]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(new, encoding="utf-8")
        return new

    def close(self) -> None:
        """End what is still open."""
        for run in self._runs.values():
            run.finish(exit_code=1)


def _mode() -> Any:
    """None where the user or W&B's own settings decide; nobody is asked for a key in the middle of a run."""
    if os.environ.get("WANDB_MODE"):
        return None
    return None if wandb.login(prompt=False) else "offline"
