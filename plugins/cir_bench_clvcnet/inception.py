"""The inception layer that makes the affine parameters, over positions (2-D) or words (1-D)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import PairingError

BRANCHES = 4


class Inception(nn.Module):
    """F_gamma or F_beta (CLVC-Net, Eqs. 8 and 13; Section 4.1.2): four branches side by side, batch norm, ReLU.

    The branches are those of GoogLeNet (Szegedy et al., CVPR 2015), each with a fourth of the channels::

        conv 1;  conv 1 → ReLU → conv 3;  conv 1 → ReLU → conv 5;  max-pool 3 → conv 1

    Padding counts for nothing: convolutions read zeros there, as beyond the border, the maximum passes over it, and
    batch norm takes its statistics from what is there.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        dimensions: 2 for maps, 1 for sequences.
    """

    def __init__(self, channels_in: int, channels_out: int, dimensions: Literal[1, 2]) -> None:
        super().__init__()
        check_width(channels_out)
        convolution = nn.Conv2d if dimensions == 2 else nn.Conv1d
        one, three, five, pooled = (channels_out // BRANCHES + (i < channels_out % BRANCHES) for i in range(BRANCHES))
        # No bias before batch norm, which would take it out again.
        self.one = convolution(channels_in, one, 1, bias=False)
        self.reduce_three = convolution(channels_in, three, 1)
        self.three = convolution(three, three, 3, padding=1, bias=False)
        self.reduce_five = convolution(channels_in, five, 1)
        self.five = convolution(five, five, 5, padding=2, bias=False)
        self.pooled = convolution(channels_in, pooled, 1, bias=False)
        self.norm = nn.BatchNorm1d(channels_out)

    def forward(self, x: Tensor, there: Tensor | None = None, greatest: Tensor | None = None) -> Tensor:
        """``[B, channels_out, *positions]`` of ``[B, channels_in, *positions]``, zero at padding.

        Args:
            x: the input, zero at padding.
            there: ``[B, *positions]`` bool, false at padding; None: there is none.
            greatest: :func:`neighbours_maximum` of x, when it is known.
        """
        greatest = neighbours_maximum(x, there) if greatest is None else greatest
        return torch.relu(normed(self.norm, torch.cat(self.branches(x, there, greatest), dim=1), there))

    def branches(self, x: Tensor, there: Tensor | None, greatest: Tensor) -> list[Tensor]:
        """The four branches before batch norm, arguments as of :meth:`forward`."""
        firsts = (self.one, self.reduce_three, self.reduce_five)  # one product for all that reads x
        biases = [first.weight.new_zeros(len(first.weight)) if first.bias is None else first.bias for first in firsts]
        found = pointwise(x, torch.cat([first.weight for first in firsts]), torch.cat(biases))
        one, three, five = torch.split(found, [len(first.weight) for first in firsts], dim=1)
        return [
            one,
            wide(filled(torch.relu(three), there, 0.0), self.three.weight),
            wide(filled(torch.relu(five), there, 0.0), self.five.weight),
            pointwise(greatest, self.pooled.weight),
        ]


def check_width(channels: int) -> None:
    """A `PairingError` where the four branches cannot have a channel each."""
    if channels < BRANCHES:
        raise PairingError(
            f"clvcnet's inception layers need at least {BRANCHES} channels and this encoder has features of "
            f"{channels}; use one with wider maps and tokens."
        )


def affine(gamma: nn.Module, beta: nn.Module, pair: Tensor, there: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """γ and β of one input ``[B, C, *positions]``: what does not depend on the layer is computed once for both."""
    pair = channels_last(filled(pair, there, 0.0))
    if isinstance(gamma, Inception):
        greatest = neighbours_maximum(pair, there)
        return gamma(pair, there, greatest), beta(pair, there, greatest)
    return gamma(pair, there), beta(pair, there)


def channels_last(x: Tensor) -> Tensor:
    """The same ``[B, C, *positions]``, its channels last in memory: what this file computes fast and without copies."""
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A convolution ``[C', C, 1 …]`` of size 1 over ``[B, C, *positions]``, as one matrix product."""
    return F.linear(x.movedim(1, -1), weight.flatten(1), bias).movedim(-1, 1)


def wide(x: Tensor, weight: Tensor) -> Tensor:
    """A convolution ``[C', C, k …]`` of odd size over ``[B, C, *positions]``, zeros beyond the border, without bias."""
    kernel = _as_maps(weight)
    out = F.conv2d(_as_maps(x), kernel, padding=[size // 2 for size in kernel.shape[2:]])
    return out if x.ndim == 4 else out[:, :, 0]


def neighbours_maximum(x: Tensor, there: Tensor | None) -> Tensor:
    """The maximum of the 3 positions, or 3×3, around each one of ``[B, C, *positions]``; zero at padding."""
    maps = _as_maps(filled(x, there, -torch.inf))
    flat = x.ndim == 3
    out = F.max_pool2d(maps, (1, 3) if flat else 3, stride=1, padding=(0, 1) if flat else 1)
    return filled(out[:, :, 0] if flat else out, there, 0.0)


def _as_maps(x: Tensor) -> Tensor:
    """``[B, C, H, W]``; words, or a kernel over words, as one row of them."""
    return x if x.ndim == 4 else x[:, :, None]


def normed(norm: nn.BatchNorm1d, x: Tensor, there: Tensor | None) -> Tensor:
    """Batch norm over all positions ``[B, C, *positions]`` that are there; zero at padding."""
    rows = x.movedim(1, -1)
    if there is None:
        everywhere: Tensor = norm(rows.flatten(0, -2))
        return everywhere.view(rows.shape).movedim(-1, 1)
    found: Tensor = norm(rows[there])
    out = found.new_zeros(rows.shape)
    out[there] = found
    return out.movedim(-1, 1)


def filled(x: Tensor, there: Tensor | None, value: float) -> Tensor:
    """``value`` at padding."""
    return x if there is None else x.masked_fill(~there[:, None], value)
