"""`TensorBoard`: one folder of event files for each cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL.Image import Image
from torch.utils.tensorboard import SummaryWriter

from cir_bench import TrackedCell, TrackedOutcome, Tracker, TrackerContext
from cir_bench_trackers.params import TensorBoardParams


class TensorBoard(Tracker):
    """Scalars by epoch, final metrics as ``final/R@1``, settings and outcome as text, pictures as images.

    A cell that continues writes another file into its folder, and TensorBoard draws both as one curve.
    """

    def __init__(self, params: TensorBoardParams, context: TrackerContext) -> None:
        self._folder = params.folder or context.out / "tensorboard"
        self._writers: dict[str, SummaryWriter] = {}

    def start(self, cell: TrackedCell) -> None:
        """Open the cell's event file."""
        writer = self._writers[cell.path] = SummaryWriter(str(self._folder / cell.path))
        rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in cell.settings.items()]
        writer.add_text("settings", "\n".join(["| setting | value |", "|---|---|", *rows]))

    def log(self, cell: TrackedCell, values: Mapping[str, float], step: int) -> None:
        """Scalars, on disk at once, so that a running cell can be watched."""
        writer = self._writers[cell.path]
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    def picture(self, cell: TrackedCell, name: str, image: Image) -> None:
        """An image."""
        self._writers[cell.path].add_image(name, np.asarray(image), dataformats="HWC")

    def end(self, cell: TrackedCell, outcome: TrackedOutcome, reason: str, summary: Mapping[str, float]) -> None:
        """Final metrics and the outcome; the file is complete."""
        writer = self._writers.pop(cell.path)
        for name, value in summary.items():
            writer.add_scalar(f"final/{name}", value, 0)
        writer.add_text("outcome", f"{outcome}{f': {reason}' if reason else ''}")
        writer.close()

    def close(self) -> None:
        """Close what is still open."""
        for writer in self._writers.values():
            writer.close()


def _cell(text: str) -> str:
    """Text in a table of Markdown."""
    return " ".join(text.replace("|", "\\|").split())
