"""Convolutions as VAL's supplement lists them (Table 1), or as the authors' code makes them."""

from __future__ import annotations

from torch import nn

from cir_bench_val.params import CODE, Layers


def relu_convolution(channels_in: int, channels_out: int, layers: Layers) -> nn.Sequential:
    """conv(K-1×1, N-channels_out, ReLU) of Table 1; the code has batch norm (and then no bias) in between."""
    return nn.Sequential(*_convolution(channels_in, channels_out, (1, 1), layers), nn.ReLU())


def gate_convolution(channels_in: int, channels_out: int, kernel: tuple[int, int], layers: Layers) -> nn.Sequential:
    """conv(K-kernel, N-channels_out, sigmoid) of Table 1; the code has batch norm and ReLU in between.

    The map is padded with zeros so that it keeps its size, for even kernels with the one more on the right and below.
    """
    height, width = kernel
    padding = nn.ZeroPad2d(((width - 1) // 2, width // 2, (height - 1) // 2, height // 2))
    between = [nn.ReLU()] if layers == CODE else []
    return nn.Sequential(padding, *_convolution(channels_in, channels_out, kernel, layers), *between, nn.Sigmoid())


def _convolution(channels_in: int, channels_out: int, kernel: tuple[int, int], layers: Layers) -> list[nn.Module]:
    if layers == CODE:
        return [nn.Conv2d(channels_in, channels_out, kernel, bias=False), nn.BatchNorm2d(channels_out)]
    return [nn.Conv2d(channels_in, channels_out, kernel)]
