"""A small train set whose features are made up: target = reference + text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.method import Method, TrainStage
from cir_bench.params.models import Selection
from cir_bench.training.batches import TrainSet
from cir_bench.training.checkpoints import Checkpoints
from cir_bench.training.loop import Trainer, TrainResult
from cir_bench.training.progress import Silent

WIDTH = 8


class MadeUpSource:
    """``i-j`` has the features e_i + e_j; the text ``+k`` has e_k."""

    def images(self, ids: Sequence[str]) -> Features:
        return Features(pooled=torch.stack([sum(torch.eye(WIDTH)[int(n)] for n in i.split("-")) for i in ids]))

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        return Features(pooled=torch.stack([torch.eye(WIDTH)[int(text[1:])] for text in texts]))


def made_up(size: int = 32) -> TrainSet:
    triplets = [Triplet(f"{i % WIDTH}", (f"+{i * 3 % WIDTH}",), f"{i % WIDTH}-{i * 3 % WIDTH}") for i in range(size)]
    return TrainSet(triplets, [t.captions for t in triplets])


class OneSource:
    def __init__(self) -> None:
        self.asked: list[tuple[bool, bool]] = []

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> MadeUpSource:
        self.asked.append((trains_encoder, encoders_changed))
        return MadeUpSource()


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., TrainResult]:
    """``train(method, score=…, encoders=…, seed=…, folder=…)``."""

    def run(method: Method, **options: Any) -> TrainResult:
        score = options.get("score")

        def trains_encoder(stage: TrainStage) -> bool:
            return stage.training.encoder == "train"

        return Trainer(
            method,
            options.get("encoders", {}),
            trains_encoder,
            options.get("data", made_up()),
            options.get("sources", OneSource()),
            None if score is None else lambda source, changed: score(),
            options.get("selection", Selection()),
            Checkpoints(tmp_path / options.get("folder", "checkpoints"), "fingerprint"),
            seed=options.get("seed", 0),
            device=torch.device("cpu"),
            precision=options.get("precision", "float32"),
            progress=options.get("progress", Silent()),
            descriptions=options.get("descriptions"),
        ).run()

    return run


@pytest.fixture
def sources() -> OneSource:
    """Notes what each stage asked for."""
    return OneSource()


@pytest.fixture
def made_up_of() -> Callable[[int], TrainSet]:
    """A train set of so many triplets."""
    return made_up
