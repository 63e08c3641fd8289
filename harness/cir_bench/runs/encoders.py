"""`Encoders`: the encoders of a run, frozen and shared or fresh for one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import torch

from cir_bench.errors import CirBenchError, without_locals
from cir_bench.features.live import seed_devices
from cir_bench.interfaces.encoder import Encoder, TrainCorpus
from cir_bench.interfaces.specs import Context
from cir_bench.plugin.registry import blame, create
from cir_bench.runs import keys
from cir_bench.runs.cell import Cell
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.shared import Lifetimes


class Encoders:
    """The encoders of cells, on ``device``; those that can be fitted are fitted to the texts of ``datasets``.

    With ``fitted`` (`Encoder.extra_state`), the result of an earlier fit is used instead, and no data set is read.
    """

    def __init__(
        self,
        lifetimes: Lifetimes,
        datasets: DataSets,
        context: Context,
        device: torch.device,
        fitted: Mapping[str, Any] | None = None,
    ) -> None:
        self._datasets, self._context, self._device, self._fitted = datasets, context, device, fitted
        self._frozen = lifetimes.one(keys.of_weights, self._make)
        self.weights_digest = lifetimes.one(keys.of_weights, lambda cell: self.frozen(cell).weights_digest())
        """Digest of the weights of :meth:`frozen`."""

    def frozen(self, cell: Cell) -> Encoder:
        """The cell's encoder with its initial weights, shared and never trained."""
        encoder = self._frozen(cell)
        if isinstance(encoder, CirBenchError):
            raise encoder
        return encoder

    def _make(self, cell: Cell) -> Encoder | CirBenchError:
        """Tried only once, since looking for weights on an unreachable network takes time."""
        try:
            return self.fresh(cell, 0 if cell.provides.pretrained else cell.key.seed).requires_grad_(False)
        except CirBenchError as error:
            without_locals(error)
            return error

    def fresh(self, cell: Cell, seed: int) -> Encoder:
        """A new copy of the cell's encoder, in evaluation mode."""
        context = replace(self._context, dataset=cell.dataset.name, seed=seed)
        with torch.random.fork_rng(devices=[]):
            seed_devices(seed)
            encoder = cast(Encoder, create(cell.encoder, cell.encoder_params, context))
            if type(encoder).fit is not Encoder.fit:  # gathering the texts takes long when descriptions are generated
                with blame(cell.encoder, "fitting it to the train split's texts"):
                    if self._fitted is None:
                        encoder.fit(TrainCorpus(self._datasets.corpus(cell)))
                    else:
                        encoder.load_extra_state(self._fitted)
        encoder.to(self._device)
        if self._device.type == "cuda":  # it convolves faster; on a CPU the sums, and so the cached bytes, would change
            encoder.to(memory_format=torch.channels_last)
        return encoder.eval()
