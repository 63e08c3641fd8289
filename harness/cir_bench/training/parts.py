"""What a `Trainer` is given: what is trained, on what, from which features, chosen how, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from cir_bench.arithmetic import tf32
from cir_bench.errors import RunError
from cir_bench.features.source import FeatureSource
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.events import Announce
from cir_bench.interfaces.method import Method, TrainStage
from cir_bench.params.models import Selection, Training
from cir_bench.params.precision import Precision
from cir_bench.ranks.group import ALONE, Ranks
from cir_bench.training.batches import TrainSet

_AUTOCAST: Mapping[Precision, torch.dtype] = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Trainee:
    """What is trained, on its device: a method, and its own encoder copies by branch if a stage trains them."""

    method: Method
    encoders: Mapping[str, Encoder]
    trains_encoder: Callable[[Training], bool]

    def modules(self, with_encoders: bool) -> nn.ModuleDict:
        """Everything whose weights training has changed: the method, and the encoders once a stage trained them."""
        modules: dict[str, nn.Module] = {"method": self.method}
        if with_encoders:
            modules |= {f"encoder-{branch}": encoder for branch, encoder in self.encoders.items()}
        return nn.ModuleDict(modules)

    def eval(self) -> None:
        """Put method and encoders into evaluation mode."""
        for module in (self.method, *self.encoders.values()):
            module.eval()


@dataclass(frozen=True)
class TrainExamples:
    """What is trained on: the triplets (or images, or texts) of an epoch, or images with their own descriptions."""

    triplets: Callable[[int], TrainSet]
    descriptions: Callable[[], TrainSet]

    def of_epoch(self, stage: TrainStage, epoch: int) -> TrainSet:
        """The examples of an epoch of a stage; `RunError` when there are fewer than two."""
        if stage.descriptions:
            examples, what = self.descriptions(), "image with a description; add descriptions"
        else:
            examples = self.triplets(epoch)
            what = f"{examples.of.removesuffix('s')}; add some"
            if examples.of == "triplets":
                what += ", or hold none out (--set selection.on=last)"
        if len(examples) < 2:  # a loss among one target is 0 and trains nothing; batch norm has no variance
            raise RunError(
                f"Stage {stage.name!r} needs at least two examples, since the other targets of a batch are its "
                f"negatives, and has {len(examples)} {what}."
            )
        return examples


class StageSources(Protocol):
    """Gives each stage its features: live when it trains the encoders, otherwise cached."""

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> FeatureSource:
        """The source of a stage; ``encoders_changed`` when this stage or an earlier one trains the encoders."""


@dataclass(frozen=True)
class Selector:
    """How a checkpoint is chosen.

    ``score`` gives the held-out score (percent) of the method as it is now, from the stage's features and whether the
    encoders have changed; when it is None, the last epoch is kept.
    """

    settings: Selection
    score: Callable[[FeatureSource, bool], float] | None

    def due(self, stage: TrainStage, epoch: int) -> bool:
        """Whether a score is taken after ``epoch`` (from 0)."""
        every = (epoch + 1) % self.settings.every == 0 or epoch + 1 == stage.training.epochs
        return self.score is not None and stage.select and every


@dataclass(frozen=True)
class Computation:
    """How a cell is computed: its seed, the device, the type of its numbers, and who hears of it.

    ``ranks`` are the processes that compute it together.
    """

    cell: CellKey
    device: torch.device
    precision: Precision
    announce: Announce
    ranks: Ranks = ALONE

    def autocast(self) -> AbstractContextManager[None]:
        """The context in which forward passes and losses are computed."""
        dtype = _AUTOCAST.get(self.precision)
        return self.arithmetic() if dtype is None else self._autocast(dtype)

    @contextmanager
    def _autocast(self, dtype: torch.dtype) -> Iterator[None]:
        with self.arithmetic(), torch.autocast(self.device.type, dtype=dtype):
            yield

    def arithmetic(self) -> AbstractContextManager[None]:
        """The context of backward passes: TF32 only when it is asked for."""
        return tf32(self.device, on=self.precision == "tf32")

    def scaler(self) -> torch.amp.GradScaler:
        """Scales an optimiser's losses in ``float16``, so that small gradients do not vanish; else does nothing."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "float16")
