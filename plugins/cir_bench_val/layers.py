"""Convolutions as VAL's supplement lists them (Table 1), or as the authors' code makes them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench_val.params import RELEASED, Layers


def relu_convolution(channels_in: int, channels_out: int, layers: Layers) -> nn.Sequential:
    """conv(K-1×1, N-channels_out, ReLU) of Table 1; the code has batch norm (and then no bias) in between."""
    return nn.Sequential(*_convolution(channels_in, channels_out, (1, 1), layers), nn.ReLU())


def pointwise(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1×1 convolution as one matrix product over all positions: ``[B, c', H, W]``, channels last in memory.

    Args:
        maps: ``[B, c, H, W]``, which is not copied if its channels are last in memory.
        weight: ``[c', c, 1, 1]``.
        bias: ``[c']``.
    """
    return F.linear(maps.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)


def taps(height: int, width: int) -> Tensor:
    """``[H·W, H·W]``: which weight of an H×W kernel an output position (row) gives an input position (column).

    The kernel lies as :func:`gate_convolution` pads it; H·W stands for no weight, where it does not reach.
    """
    y, x = (axis.flatten() for axis in torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
    down = y[None, :] - y[:, None] + (height - 1) // 2
    right = x[None, :] - x[:, None] + (width - 1) // 2
    inside = (down >= 0) & (down < height) & (right >= 0) & (right < width)
    return torch.where(inside, down * width + right, height * width)


def as_matrix(kernel: Tensor, taps: Tensor) -> Tensor:
    """``[H·W, H·W]`` of a kernel ``[1, 1, H, W]``: the padded convolution of a map is its product with this."""
    return torch.cat([kernel.flatten(), kernel.new_zeros(1)])[taps]


class TextFusion(nn.Module):
    """Table 1's composite function: z = ReLU(Conv1×1([x_ref; tiled text] → c)).

    The convolution is linear and the text is the same at every position, so its share is computed once per text and
    added everywhere; the tiled map is never made.

    Args:
        channels: c.
        text_width: width of the text features.
        layers: ``printed`` or ``released``.
    """

    def __init__(self, channels: int, text_width: int, layers: Layers) -> None:
        super().__init__()
        self.layers = relu_convolution(channels + text_width, channels, layers)
        self._widths = [channels, text_width]

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """The map z ``[B, c, H, W]`` of x_ref ``[B, c, H, W]`` and text ``[B, d]``."""
        convolution, *behind = self.layers
        assert isinstance(convolution, nn.Conv2d)
        for_image, for_text = torch.split(convolution.weight, self._widths, dim=1)
        of_text = F.linear(text, for_text[:, :, 0, 0], convolution.bias)
        z = pointwise(image, for_image) + of_text[:, :, None, None]
        for layer in behind:
            z = layer(z)
        return z


def gate_convolution(channels_in: int, channels_out: int, kernel: tuple[int, int], layers: Layers) -> nn.Sequential:
    """conv(K-kernel, N-channels_out, sigmoid) of Table 1; the code has batch norm and ReLU in between.

    The map is padded with zeros so that it keeps its size, for even kernels with the one more on the right and below.
    """
    height, width = kernel
    padding = nn.ZeroPad2d(((width - 1) // 2, width // 2, (height - 1) // 2, height // 2))
    between = [nn.ReLU()] if layers == RELEASED else []
    return nn.Sequential(padding, *_convolution(channels_in, channels_out, kernel, layers), *between, nn.Sigmoid())


def _convolution(channels_in: int, channels_out: int, kernel: tuple[int, int], layers: Layers) -> list[nn.Module]:
    if layers == RELEASED:
        return [nn.Conv2d(channels_in, channels_out, kernel, bias=False), nn.BatchNorm2d(channels_out)]
    return [nn.Conv2d(channels_in, channels_out, kernel)]
