"""Trackers: what ``cir-bench run --track-with NAME`` sends a run to."""

from __future__ import annotations

from cir_bench import TrackerSpec, hookimpl
from cir_bench_trackers.params import MlflowParams, TensorBoardParams, WandbParams

CIR_BENCH_API = 1


@hookimpl
def cir_bench_trackers() -> list[TrackerSpec]:
    """All trackers."""
    return [
        TrackerSpec(
            name="tensorboard",
            summary="event files of TensorBoard, in tensorboard below --out or in tensorboard:DIR",
            implementation="cir_bench_trackers.tensorboard:TensorBoard",
            params=TensorBoardParams,
            extra="tensorboard",
        ),
        TrackerSpec(
            name="mlflow",
            summary="runs of MLflow, in mlflow.db below --out, at MLFLOW_TRACKING_URI, or at mlflow:URI",
            implementation="cir_bench_trackers.mlflow:Mlflow",
            params=MlflowParams,
            extra="mlflow",
        ),
        TrackerSpec(
            name="wandb",
            summary="runs of Weights & Biases, in the project cir-bench or wandb:PROJECT; offline without an API key",
            implementation="cir_bench_trackers.wandb:Wandb",
            params=WandbParams,
            extra="wandb",
        ),
    ]
