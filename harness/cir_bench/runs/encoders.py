"""`Encoders`: the encoders of a run, frozen and shared or fresh for one cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import torch

from cir_bench.errors import CirBenchError, without_locals
from cir_bench.interfaces.encoder import Encoder, TrainCorpus
from cir_bench.interfaces.specs import Context
from cir_bench.plugin.registry import blame, create
from cir_bench.runs.cell import Cell
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.keys import WeightsKey
from cir_bench.runs.shared import Lifetimes, Shared


@dataclass(frozen=True, eq=False)
class FrozenEncoder:
    """An encoder that is never trained."""

    encoder: Encoder

    @cached_property
    def weights_digest(self) -> str:
        """Digest of its weights."""
        return self.encoder.weights_digest()


class Encoders:
    """The encoders of the planned cells.

    Args:
        lifetimes: of what cells share.
        datasets: the texts of their train splits are what encoders are fitted to.
        context: data root and cache folder.
        device: where they are put.
    """

    def __init__(self, lifetimes: Lifetimes, datasets: DataSets, context: Context, device: torch.device) -> None:
        self._datasets, self._context, self._device = datasets, context, device
        self._frozen: Shared[WeightsKey, FrozenEncoder | CirBenchError] = lifetimes.shared(
            lambda cell: [WeightsKey.of(cell)]
        )

    def frozen(self, cell: Cell) -> Encoder:
        """The cell's encoder with its initial weights, shared and never trained.

        When it cannot be made, this is tried only once: looking for weights on an unreachable network takes time.
        """
        return self._shared(cell).encoder

    def weights_digest(self, cell: Cell) -> str:
        """Digest of the weights of :meth:`frozen`."""
        return self._shared(cell).weights_digest

    def fresh(self, cell: Cell, seed: int) -> Encoder:
        """A new copy of the cell's encoder, fitted to the train split's texts, in evaluation mode on the device."""
        context = replace(self._context, dataset=cell.dataset.name, seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder = cast(Encoder, create(cell.encoder, cell.encoder_params, context))
            if type(encoder).fit is not Encoder.fit:  # gathering the texts takes long when descriptions are generated
                with blame(cell.encoder, "fitting it to the train split's texts"):
                    encoder.fit(TrainCorpus(self._datasets.corpus(cell)))
        return encoder.to(self._device).eval()

    def _shared(self, cell: Cell) -> FrozenEncoder:
        key = WeightsKey.of(cell)

        def make() -> FrozenEncoder | CirBenchError:
            try:
                return FrozenEncoder(self.fresh(cell, key.seed).requires_grad_(False))
            except CirBenchError as error:
                without_locals(error)
                return error

        found = self._frozen.get(key, make)
        if isinstance(found, CirBenchError):
            raise found
        return found
