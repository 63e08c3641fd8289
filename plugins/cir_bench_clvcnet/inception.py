"""The inception layer that makes the affine parameters, over positions (2-D) or words (1-D)."""

from __future__ import annotations

from typing import Literal

import torch
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
        self.maximum = (nn.MaxPool2d if dimensions == 2 else nn.MaxPool1d)(3, stride=1, padding=1)
        self.pooled = convolution(channels_in, pooled, 1, bias=False)
        self.norm = nn.BatchNorm1d(channels_out)

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """``[B, channels_out, *positions]`` of ``[B, channels_in, *positions]``, zero at padding.

        Args:
            x: the input.
            there: ``[B, *positions]`` bool, false at padding; None: there is none.
        """
        x = filled(x, there, 0.0)
        out = torch.cat(
            [
                self.one(x),
                self.three(filled(torch.relu(self.reduce_three(x)), there, 0.0)),
                self.five(filled(torch.relu(self.reduce_five(x)), there, 0.0)),
                self.pooled(filled(self.maximum(filled(x, there, -torch.inf)), there, 0.0)),
            ],
            dim=1,
        )
        return torch.relu(normed(self.norm, out, there))


def check_width(channels: int) -> None:
    """A `PairingError` where the four branches cannot have a channel each."""
    if channels < BRANCHES:
        raise PairingError(
            f"clvcnet's inception layers need at least {BRANCHES} channels and this encoder has features of "
            f"{channels}; use one with wider maps and tokens."
        )


def normed(norm: nn.BatchNorm1d, x: Tensor, there: Tensor | None) -> Tensor:
    """Batch norm over all positions ``[B, C, *positions]`` that are there; zero at padding."""
    if there is None:
        everywhere: Tensor = norm(x.flatten(2))
        return everywhere.view_as(x)
    rows: Tensor = norm(x.movedim(1, -1)[there])
    out = rows.new_zeros(*there.shape, x.shape[1])
    out[there] = rows
    return out.movedim(-1, 1)


def filled(x: Tensor, there: Tensor | None, value: float) -> Tensor:
    """``value`` at padding."""
    return x if there is None else x.masked_fill(~there[:, None], value)
