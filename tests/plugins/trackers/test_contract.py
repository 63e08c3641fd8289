"""The built-in trackers, read back by their own libraries; all of them offline."""

from __future__ import annotations

import json
import struct
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from cir_bench import TrackedCell
from cir_bench.testing import TrackerContract

BLOCK, FULL, LAST = 32768, 1, 4


class TestTensorBoard(TrackerContract):
    name = "tensorboard"

    @pytest.fixture(autouse=True)
    def library(self) -> None:
        pytest.importorskip("tensorboard")

    def logged(self, out: Path, cell: TrackedCell) -> dict[str, dict[int, float]]:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        found = EventAccumulator(str(out / "tensorboard" / cell.path)).Reload()
        values = {tag: {one.step: one.value for one in found.Scalars(tag)} for tag in found.Tags()["scalars"]}
        return {tag.removeprefix("final/"): steps for tag, steps in values.items()}


class TestMlflow(TrackerContract):
    name = "mlflow"

    @pytest.fixture(autouse=True)
    def library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("mlflow")
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def named(self, name: str) -> str:
        return name.replace("@", "_at_")

    def logged(self, out: Path, cell: TrackedCell) -> dict[str, dict[int, float]]:
        import mlflow

        client = mlflow.MlflowClient(f"sqlite:///{out / 'mlflow.db'}")
        experiment = client.get_experiment_by_name("cir-bench")
        assert experiment is not None
        (run,) = client.search_runs([experiment.experiment_id], f"tags.`cir_bench.path` = '{cell.path}'")
        assert run.info.status == "FINISHED"
        assert run.data.params["method.training.lr"] == "0.1"
        history = {name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
        return {name: {one.step: one.value for one in metrics} for name, metrics in history.items()}


class TestWandb(TrackerContract):
    name = "wandb"

    @pytest.fixture(autouse=True)
    def library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("wandb")
        monkeypatch.setenv("WANDB_MODE", "offline")

    def logged(self, out: Path, cell: TrackedCell) -> dict[str, dict[int, float]]:
        """From all offline files of the run's id, as ``wandb sync`` would send them."""
        history: defaultdict[str, dict[int, float]] = defaultdict(dict)
        summary: dict[str, dict[int, float]] = {}
        for file in out.glob("wandb/offline-run-*/*.wandb"):
            found = complete(file)
            if not any(one.HasField("run") and one.run.display_name == cell.key.name[:120] for one in found):
                continue
            for one in found:
                if one.HasField("history"):
                    row = values(one.history.item)
                    step = int(row.pop("epoch", 0))
                    for key, value in row.items():
                        history[key][step] = value
                elif one.HasField("summary"):
                    summary |= {key: {0: value} for key, value in values(one.summary.update).items()}
        return {**summary, **history}


def complete(file: Path) -> list:
    """The records of a file once the last one is there: W&B's own process writes it, and may be late."""
    for _ in range(300):
        found = records(file)
        if any(one.HasField("exit") for one in found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{file} does not end: {[one.WhichOneof('record_type') for one in found]}")


def values(items: Any) -> dict[str, Any]:
    return {item.key or item.nested_key[0]: json.loads(item.value_json) for item in items}


def records(file: Path) -> list:
    """The records of a ``.wandb`` file, which is a log of LevelDB behind a header of 7 bytes."""
    from wandb.proto import wandb_internal_pb2

    data, place, found, pieces = file.read_bytes(), 7, [], b""
    while place + 7 <= len(data):
        if (room := BLOCK - place % BLOCK) < 7:
            place += room
            continue
        length, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        pieces += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in {FULL, LAST}:
            record = wandb_internal_pb2.Record()
            record.ParseFromString(pieces)
            found.append(record)
            pieces = b""
    return found
