"""Parameters of the trackers: the TARGET of ``--track-with NAME:TARGET``. Imports none of their libraries."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from cir_bench import Params


class TensorBoardParams(Params):
    """Of `cir_bench_trackers.tensorboard.TensorBoard`."""

    argument: ClassVar[str | None] = "folder"

    folder: Path | None = None
    """For the event files; none: ``tensorboard`` below ``--out``."""


class MlflowParams(Params):
    """Of `cir_bench_trackers.mlflow.Mlflow`."""

    argument: ClassVar[str | None] = "uri"

    uri: str | None = None
    """Of the tracking server or store, such as ``http://127.0.0.1:5000``; none: the variable ``MLFLOW_TRACKING_URI``,
    or else the file ``mlflow.db`` below ``--out``."""
    experiment: str = "cir-bench"


class WandbParams(Params):
    """Of `cir_bench_trackers.wandb.Wandb`."""

    argument: ClassVar[str | None] = "project"

    project: str = "cir-bench"
