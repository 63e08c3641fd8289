"""A small train set with generated features: target = reference + text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.method import Method
from cir_bench.params.models import Selection
from cir_bench.training.batches import TrainSet
from cir_bench.training.checkpoints import Checkpoints
from cir_bench.training.parts import Computation, Selector, Trainee, TrainExamples
from cir_bench.training.state import TrainState
from cir_bench.training.trainer import Trainer

WIDTH = 8


class GeneratedSource:
    """``i-j`` has the features e_i + e_j; the text ``+k`` has e_k."""

    def images(self, ids: Sequence[str]) -> Features:
        return Features(pooled=torch.stack([sum(torch.eye(WIDTH)[int(n)] for n in i.split("-")) for i in ids]))

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        return Features(pooled=torch.stack([torch.eye(WIDTH)[int(text[1:])] for text in texts]))


def generated(size: int = 32) -> TrainSet:
    triplets = [Triplet(f"{i % WIDTH}", (f"+{i * 3 % WIDTH}",), f"{i % WIDTH}-{i * 3 % WIDTH}") for i in range(size)]
    return TrainSet(triplets, [t.captions for t in triplets])


class OneSource:
    def __init__(self) -> None:
        self.asked: list[tuple[bool, bool]] = []

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> GeneratedSource:
        self.asked.append((trains_encoder, encoders_changed))
        return GeneratedSource()


CELL = CellKey(method="m", benchmark="b", protocol="p@1", encoder="e", track="controlled", seed=0)


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., TrainState]:
    """``train(method, score=…, encoders=…, folder=…)``."""

    def run(method: Method, **options: Any) -> TrainState:
        score = options.get("score")
        return Trainer(
            Trainee(method, options.get("encoders", {}), lambda training: training.encoder == "train"),
            TrainExamples(lambda epoch: options.get("data", generated()), options.get("descriptions", generated)),
            options.get("sources", OneSource()),
            Selector(options.get("selection", Selection()), None if score is None else lambda source, changed: score()),
            Checkpoints(tmp_path / options.get("folder", "checkpoints"), "fingerprint"),
            Computation(
                CELL,
                torch.device("cpu"),
                options.get("precision", "float32"),
                options.get("announce", lambda event: None),
            ),
        ).run()

    return run


@pytest.fixture
def sources() -> OneSource:
    """Notes what each stage asked for."""
    return OneSource()


@pytest.fixture
def train_set_of() -> Callable[[int], TrainSet]:
    """A train set with so many triplets."""
    return generated
