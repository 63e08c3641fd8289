"""`Mlflow`: one run of MLflow for each cell, by its client, which keeps several runs apart."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from PIL.Image import Image

from cir_bench import ConfigError, TrackedCell, TrackedOutcome, Tracker, TrackerContext
from cir_bench_trackers.params import MlflowParams

PATH = "cir_bench.path"
"""The tag that says which cell a run is of."""
OUT = "cir_bench.out"
"""The tag with the folder of its records."""
STATUS = {"done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
LONGEST = 500
"""Characters of a parameter's value; servers refuse much longer ones."""
CONNECT_SECONDS = 10.0
"""For a server to accept a connection."""
BATCH = 100
"""Parameters in one request: the most that a server takes."""


class Mlflow(Tracker):
    """Metrics by epoch, final metrics without a curve, settings as parameters, pictures as artifacts.

    A cell that continues goes on with its run.
    """

    def __init__(self, params: MlflowParams, context: TrackerContext) -> None:
        own = f"sqlite:///{context.out / 'mlflow.db'}"
        uri = params.uri or os.environ.get("MLFLOW_TRACKING_URI") or own
        context.out.mkdir(parents=True, exist_ok=True)
        self._out = str(context.out)
        self._runs: dict[str, str] = {}
        place = (context.out / "mlflow-artifacts").as_uri() if uri == own else None
        _check_answers(uri)
        try:
            self._client = mlflow.MlflowClient(uri)
            found = self._client.get_experiment_by_name(params.experiment)
            self._experiment = (
                self._client.create_experiment(params.experiment, artifact_location=place)
                if found is None
                else found.experiment_id
            )
        except MlflowException as error:
            why = str(error).strip().partition("\n")[0].rstrip(".")
            raise ConfigError(f"--track-with mlflow: MLflow cannot use {uri} ({why}); correct the URI.") from error

    def start(self, cell: TrackedCell) -> None:
        """Create the cell's run; a cell that continues opens its last one again."""
        run = self._last(cell) if cell.resumed else None
        if run is not None:
            self._client.set_terminated(run, "RUNNING")
            self._runs[cell.path] = run
            return
        tags = {PATH: cell.path, OUT: self._out, "cir_bench.benchmark": cell.key.benchmark}
        run = self._client.create_run(self._experiment, tags=tags, run_name=cell.key.name).info.run_id
        self._runs[cell.path] = run
        params = [Param(_name(name), value[:LONGEST]) for name, value in cell.settings.items()]
        for begin in range(0, len(params), BATCH):
            self._client.log_batch(run, params=params[begin : begin + BATCH])

    def log(self, cell: TrackedCell, values: Mapping[str, float], step: int) -> None:
        """Metrics."""
        now = int(1000 * time.time())
        metrics = [Metric(_name(name), value, now, step) for name, value in values.items()]
        self._client.log_batch(self._runs[cell.path], metrics=metrics)

    def picture(self, cell: TrackedCell, name: str, image: Image) -> None:
        """An artifact, as PNG."""
        self._client.log_image(self._runs[cell.path], image, f"{name}.png")

    def end(self, cell: TrackedCell, outcome: TrackedOutcome, reason: str, summary: Mapping[str, float]) -> None:
        """Final metrics, the reason as a tag, and the run's status."""
        run, now = self._runs.pop(cell.path), int(1000 * time.time())
        metrics = [Metric(_name(name), value, now, 0) for name, value in summary.items()]
        tags = [RunTag("cir_bench.reason", reason[:LONGEST])] if reason else []
        self._client.log_batch(run, metrics=metrics, tags=tags)
        self._client.set_terminated(run, STATUS[outcome])

    def close(self) -> None:
        """End what is still open."""
        for run in self._runs.values():
            self._client.set_terminated(run, "KILLED")

    def _last(self, cell: TrackedCell) -> str | None:
        """The newest run of a cell."""
        where = f"tags.`{PATH}` = '{_quoted(cell.path)}' and tags.`{OUT}` = '{_quoted(self._out)}'"
        found = self._client.search_runs([self._experiment], where, max_results=1)
        return found[0].info.run_id if found else None


def _check_answers(uri: str) -> None:
    """`ConfigError` for a server that nobody can connect to: MLflow itself would try for minutes, without a word."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"}:
        return
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--track-with mlflow: nothing answers at {uri} ({error}); start the server, or correct the URI."
        ) from error


def _name(name: str) -> str:
    """Letters, digits and ``_-. /`` are all that MLflow takes: ``R@1`` becomes ``R_at_1``."""
    return re.sub(r"[^\w\-. /]", "_", name.replace("@", "_at_"))


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
