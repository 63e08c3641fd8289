"""The two streams of a composite transformer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench_val.layers import as_matrix, gate_convolution, pointwise, relu_convolution, taps
from cir_bench_val.params import RELEASED, Layers

RELEASED_DROPOUT = 0.1
"""Of the attention in the authors' code; the paper has none."""


class SelfAttention(nn.Module):
    """The self-attention stream, which learns what to transform (VAL, supplement, Table 1: SA stream).

    Per head, with c̄ = c / heads, over the H·W positions of z::

        Q, K, V = Conv1×1(z → c̄) each
        head    = softmax(Q Kᵀ / √c̄) V
        A_sa    = ReLU(Conv1×1(concat of heads → c))

    With ``layers="released"`` a head reads its own c̄ channels of z only, without biases, and the attention has dropout.

    Args:
        channels: c, a multiple of ``heads``.
        heads: number of heads.
        layers: ``printed`` or ``released``.
    """

    def __init__(self, channels: int, heads: int, layers: Layers) -> None:
        super().__init__()
        self.heads = heads
        released = layers == RELEASED
        # All heads' convolutions side by side in one; a group is a head with a slice of z of its own. The keys have no
        # bias: it would add one number to all scores of a position, which softmax takes out again.
        self.queries, self.keys, self.values = (
            nn.Conv2d(channels, channels, 1, groups=heads if released else 1, bias=bias and not released)
            for bias in (True, False, True)
        )
        self.dropout = RELEASED_DROPOUT if released else 0.0
        self.out = relu_convolution(channels, channels, layers)

    def forward(self, z: Tensor) -> Tensor:
        """A_sa ``[B, c, H, W]`` of z ``[B, c, H, W]``."""
        q, k, v = self._heads(z)
        attended = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0.0)
        maps = attended.transpose(1, 2).reshape(len(z), *z.shape[2:], z.shape[1]).permute(0, 3, 1, 2)
        convolution, *behind = self.out
        assert isinstance(convolution, nn.Conv2d)
        out = pointwise(maps, convolution.weight, convolution.bias)
        for layer in behind:
            out = layer(out)
        return out

    def attended(self, z: Tensor) -> Tensor:
        """How much each position is looked at, ``[B, H, W]``: the mean over heads and queries of softmax(Q Kᵀ / √c̄)."""
        q, k, _ = self._heads(z)
        weights: Tensor = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(dim=-1)
        return weights.mean(dim=(1, 2)).reshape(len(z), *z.shape[2:])

    def _heads(self, z: Tensor) -> Sequence[Tensor]:
        """Q, K and V ``[B, heads, H·W, c̄]``."""
        layers = self.queries, self.keys, self.values
        if self.queries.groups > 1:
            return [self._by_head(layer(z)) for layer in layers]
        biases = [torch.zeros_like(z[0, :, 0, 0]) if layer.bias is None else layer.bias for layer in layers]
        together = pointwise(z, torch.cat([layer.weight for layer in layers]), torch.cat(biases))
        return [self._by_head(maps) for maps in together.chunk(3, dim=1)]

    def _by_head(self, maps: Tensor) -> Tensor:
        """``[B, c, H, W]`` to ``[B, heads, H·W, c̄]``: no copy of maps whose channels are last in memory."""
        batch, channels, height, width = maps.shape
        rows = maps.permute(0, 2, 3, 1).reshape(batch, height * width, self.heads, channels // self.heads)
        return rows.transpose(1, 2)


class JointAttention(nn.Module):
    """The joint-attention stream, which learns what to keep (VAL, supplement, Table 1: JA stream).

    ::

        spatial = σ(Conv_{H×W}(mean over channels of z) → 1)      [B, 1, H, W]
        channel = σ(Conv1×1(GAP(z)) → c)                          [B, c, 1, 1]
        A_ja    = spatial ⊙ channel ⊙ x_ref

    Args:
        shape: (c, H, W) of the level.
        layers: ``printed`` or ``released``.
    """

    taps: Tensor

    def __init__(self, shape: tuple[int, int, int], layers: Layers) -> None:
        super().__init__()
        channels, height, width = shape
        self.spatial = gate_convolution(1, 1, (height, width), layers)
        self.channel = gate_convolution(channels, channels, (1, 1), layers)
        self.register_buffer("taps", taps(height, width), persistent=False)

    def forward(self, z: Tensor, image: Tensor) -> Tensor:
        """A_ja ``[B, c, H, W]`` of z and x_ref, both ``[B, c, H, W]``."""
        return self.kept(z) * self._weighed(z) * image

    def mean(self, z: Tensor, image: Tensor) -> Tensor:
        """A_ja's mean over the positions ``[B, c]``, without making A_ja: a channel's weight is the same everywhere."""
        rows = image.permute(0, 2, 3, 1).flatten(1, 2)
        return (self.kept(z).flatten(2) @ rows)[:, 0] * self._weighed(z)[:, :, 0, 0] / rows.shape[1]

    def kept(self, z: Tensor) -> Tensor:
        """spatial, ``[B, 1, H, W]`` between 0 and 1: how much of each position is kept."""
        _, convolution, *behind = self.spatial
        assert isinstance(convolution, nn.Conv2d)
        # The kernel is as large as the map, which as a convolution takes ten times as long.
        mean = z.mean(dim=1)
        rows = mean.flatten(1) @ as_matrix(convolution.weight, self.taps).T
        spatial = rows.view(mean.shape)[:, None]
        if convolution.bias is not None:
            spatial = spatial + convolution.bias
        for layer in behind:
            spatial = layer(spatial)
        return spatial

    def _weighed(self, z: Tensor) -> Tensor:
        """channel, ``[B, c, 1, 1]``."""
        channel: Tensor = self.channel(z.mean(dim=(2, 3), keepdim=True))
        return channel
