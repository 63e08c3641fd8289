"""The inception layer of the authors' code, over positions (2-D) or words (1-D)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from cir_bench_clvcnet.inception import Inception, check_width, filled, normed
from cir_bench_clvcnet.params import RELEASED, Layers

Dimensions = Literal[1, 2]


class ReleasedInception(nn.Module):
    """F_gamma or F_beta as the authors' code has it: batch norm and ReLU after every convolution, none with a bias.

    ::

        conv 1;  conv 1 → conv 3;  conv 1 → conv 3 → conv 3;  average-pool 3 → conv 1

    The second and the third branch have a fourth of the channels each, the last one 3/16 (2-D) or 1/8 (1-D), the first
    one the rest. Inside, a branch has a fourth of the input's channels, and the third one 7/64 after its first 3.
    Padding counts for nothing, as in `Inception`.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        dimensions: 2 for maps, 1 for sequences.
    """

    def __init__(self, channels_in: int, channels_out: int, dimensions: Dimensions) -> None:
        super().__init__()
        check_width(channels_out)
        fourth = channels_out // 4
        pooled = max(1, channels_out * 3 // 16 if dimensions == 2 else channels_out // 8)
        inner, narrow = max(1, channels_in // 4), max(1, channels_in * 7 // 64)

        def unit(channels_in: int, channels_out: int, kernel: int) -> Unit:
            return Unit(channels_in, channels_out, kernel, dimensions)

        self.one = Chain(unit(channels_in, channels_out - 2 * fourth - pooled, 1))
        self.three = Chain(unit(channels_in, inner, 1), unit(inner, fourth, 3))
        self.threes = Chain(unit(channels_in, inner, 1), unit(inner, narrow, 3), unit(narrow, fourth, 3))
        average = nn.AvgPool2d if dimensions == 2 else nn.AvgPool1d
        self.average = average(3, stride=1, padding=1, count_include_pad=False)
        self.pooled = Chain(unit(channels_in, pooled, 1))

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """``[B, channels_out, *positions]`` of ``[B, channels_in, *positions]``, zero at padding.

        Args:
            x: the input.
            there: ``[B, *positions]`` bool, false at padding; None: there is none.
        """
        x = filled(x, there, 0.0)
        mean: Tensor = self.average(x)
        if there is not None:  # of those neighbours that are there
            mean = mean / self.average(there[:, None].to(x.dtype)).clamp(min=torch.finfo(x.dtype).tiny)
        branches = self.one(x, there), self.three(x, there), self.threes(x, there), self.pooled(mean, there)
        return torch.cat(branches, dim=1)


class Unit(nn.Module):
    """Convolution → batch norm → ReLU, of the same size; zero at padding."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, dimensions: Dimensions) -> None:
        super().__init__()
        convolution = nn.Conv2d if dimensions == 2 else nn.Conv1d
        self.conv = convolution(channels_in, channels_out, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(channels_out)

    def forward(self, x: Tensor, there: Tensor | None) -> Tensor:
        """``[B, channels_out, *positions]``."""
        return torch.relu(normed(self.norm, self.conv(filled(x, there, 0.0)), there))


class Chain(nn.ModuleList):
    """Units one after the other."""

    def __init__(self, *units: Unit) -> None:
        super().__init__(units)

    def forward(self, x: Tensor, there: Tensor | None) -> Tensor:
        """The last one's output."""
        for unit in self:
            x = unit(x, there)
        return x


def inception(layers: Layers, channels_in: int, channels_out: int, dimensions: Dimensions) -> nn.Module:
    """The inception layer of that kind."""
    kind = ReleasedInception if layers == RELEASED else Inception
    return kind(channels_in, channels_out, dimensions)
