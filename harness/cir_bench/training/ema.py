"""Exponential moving average of weights, used at test (VAL: decay .9999)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Averages the trainable parameters of a module: ``average = decay * average + (1 - decay) * weights``."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module, self._decay = module, decay
        self._average = {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self) -> None:
        """Average in the weights after an optimiser step."""
        for name, average in self._average.items():
            average.lerp_(self._module.get_parameter(name), 1 - self._decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the ``with``, the module has the averaged weights."""
        kept = {name: self._module.get_parameter(name).detach().clone() for name in self._average}
        self._write(self._average)
        try:
            yield
        finally:
            self._write(kept)

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return dict(self._average)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """From a checkpoint."""
        for name, tensor in state.items():
            self._average[name].copy_(tensor)

    @torch.no_grad()
    def _write(self, weights: Mapping[str, Tensor]) -> None:
        for name, tensor in weights.items():
            self._module.get_parameter(name).copy_(tensor)
