"""Torch optimisers and learning rates from a stage's settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cir_bench.errors import RunError
from cir_bench.interfaces.method import Optimiser
from cir_bench.params.models import Training


@dataclass
class RunningOptimiser:
    """A torch optimiser, with the learning rates of its groups before any schedule, and what scales its losses."""

    torch_optimiser: torch.optim.Optimizer
    base_lrs: Sequence[float]
    parameters: Sequence[nn.Parameter]
    scaler: torch.amp.GradScaler

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss, scaled."""
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch does not annotate Tensor.backward

    def step(self, lr_factor: float, clip_norm: float | None) -> None:
        """Scale every group's learning rate (so that resuming needs no scheduler), clip, step, clear the gradients.

        A step whose scaled gradients overflow is left out, and the next losses are scaled by less.
        """
        for group, base in zip(self.torch_optimiser.param_groups, self.base_lrs, strict=True):
            group["lr"] = base * lr_factor
        if clip_norm is not None:
            self.scaler.unscale_(self.torch_optimiser)
            nn.utils.clip_grad_norm_(self.parameters, clip_norm)
        self.scaler.step(self.torch_optimiser)
        self.scaler.update()
        self.torch_optimiser.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        scaler = {"scaler": state} if (state := self.scaler.state_dict()) else {}
        return self.torch_optimiser.state_dict() | scaler

    def load(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state`."""
        if "scaler" in state:
            self.scaler.load_state_dict(dict(state["scaler"]))
        self.torch_optimiser.load_state_dict({name: value for name, value in state.items() if name != "scaler"})


def make_optimisers(
    declared: Sequence[Optimiser], training: Training, scaler: Callable[[], torch.amp.GradScaler]
) -> dict[str, RunningOptimiser]:
    """A torch optimiser for each declared one, by name; groups and optimisers without parameters are left out."""
    optimisers: dict[str, RunningOptimiser] = {}
    for optimiser in declared:
        groups = [group for group in optimiser.groups if group.parameters]
        if not groups:
            continue
        if optimiser.name in optimisers:
            raise RunError(f"Two optimisers are called {optimiser.name!r}; give them different names.")
        torch_groups = [{"params": list(group.parameters), "lr": group.lr} for group in groups]
        optimisers[optimiser.name] = RunningOptimiser(
            _torch_optimiser(torch_groups, training),
            [group.lr for group in groups],
            [parameter for group in groups for parameter in group.parameters],
            scaler(),
        )
    return optimisers


def _torch_optimiser(groups: list[dict[str, object]], training: Training) -> torch.optim.Optimizer:
    """Fused: one pass over weights, gradients and moments instead of one for every operation."""
    if training.optimiser == "sgd":
        return torch.optim.SGD(groups, momentum=training.momentum, weight_decay=training.weight_decay, fused=True)
    adam = torch.optim.Adam if training.optimiser == "adam" else torch.optim.AdamW
    return adam(groups, weight_decay=training.weight_decay, fused=True)


def lr_factor(training: Training, epoch: int, step: int, total_steps: int) -> float:
    """The factor of the learning rates after ``epoch`` epochs and ``step`` of the ``total_steps`` of a stage."""
    warm = min(1.0, (step + 1) / training.warmup_steps) if training.warmup_steps else 1.0
    if training.schedule == "step":
        return float(warm * training.gamma ** sum(epoch >= milestone for milestone in training.milestones))
    if training.schedule == "cosine":
        return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total_steps))))
    return warm
