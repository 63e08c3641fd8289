"""Torch optimisers and learning rates from a stage's settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from cir_bench.errors import RunError
from cir_bench.interfaces.method import Optimiser
from cir_bench.params.models import Training


@dataclass
class RunningOptimiser:
    """A torch optimiser with the learning rates that its groups start from."""

    torch_optimiser: torch.optim.Optimizer
    base_lrs: Sequence[float]
    parameters: Sequence[nn.Parameter]

    def set_lr_factor(self, factor: float) -> None:
        """Scale every group's learning rate; called before each step, so that resuming needs no scheduler state."""
        for group, base in zip(self.torch_optimiser.param_groups, self.base_lrs, strict=True):
            group["lr"] = base * factor

    def step(self, clip_norm: float | None) -> None:
        """Clip, step and clear the gradients."""
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(self.parameters, clip_norm)
        self.torch_optimiser.step()
        self.torch_optimiser.zero_grad(set_to_none=True)


def make_optimisers(wanted: Sequence[Optimiser], training: Training) -> dict[str, RunningOptimiser]:
    """One torch optimiser for each, by name; empty groups are left out, optimisers without parameters too."""
    made: dict[str, RunningOptimiser] = {}
    for optimiser in wanted:
        groups = [group for group in optimiser.groups if group.parameters]
        if not groups:
            continue
        if optimiser.name in made:
            raise RunError(f"Two optimisers are called {optimiser.name!r}; give each a name of its own.")
        torch_groups = [{"params": list(group.parameters), "lr": group.lr} for group in groups]
        made[optimiser.name] = RunningOptimiser(
            _torch_optimiser(torch_groups, training),
            [group.lr for group in groups],
            [parameter for group in groups for parameter in group.parameters],
        )
    return made


def _torch_optimiser(groups: list[dict[str, object]], training: Training) -> torch.optim.Optimizer:
    if training.optimiser == "sgd":
        return torch.optim.SGD(groups, momentum=training.momentum, weight_decay=training.weight_decay)
    if training.optimiser == "adam":
        return torch.optim.Adam(groups, weight_decay=training.weight_decay)
    return torch.optim.AdamW(groups, weight_decay=training.weight_decay)


def lr_factor(training: Training, epoch: int, step: int, total_steps: int) -> float:
    """The learning rates' factor at an optimiser step.

    Args:
        training: the stage's settings.
        epoch: epochs finished in this stage.
        step: optimiser steps finished in this stage.
        total_steps: optimiser steps of the whole stage.
    """
    warm = min(1.0, (step + 1) / training.warmup_steps) if training.warmup_steps else 1.0
    if training.schedule == "step":
        return float(warm * training.gamma ** sum(epoch >= milestone for milestone in training.milestones))
    if training.schedule == "cosine":
        return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total_steps))))
    return warm
