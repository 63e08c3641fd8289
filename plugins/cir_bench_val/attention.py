"""The two streams of a composite transformer."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench_val.layers import gate_convolution, relu_convolution
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
        q, k, v = (self._by_head(layer(z)) for layer in (self.queries, self.keys, self.values))
        attended = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0.0)
        out: Tensor = self.out(attended.transpose(-1, -2).reshape(z.shape))
        return out

    def attended(self, z: Tensor) -> Tensor:
        """How much each position is looked at, ``[B, H, W]``: the mean over heads and queries of softmax(Q Kᵀ / √c̄)."""
        q, k = self._by_head(self.queries(z)), self._by_head(self.keys(z))
        weights: Tensor = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(dim=-1)
        return weights.mean(dim=(1, 2)).reshape(len(z), *z.shape[2:])

    def _by_head(self, maps: Tensor) -> Tensor:
        """``[B, c, H, W]`` to ``[B, heads, H·W, c̄]``; contiguous, for which torch has a faster attention on the CPU."""
        batch, channels, height, width = maps.shape
        by_head = maps.reshape(batch, self.heads, channels // self.heads, height * width)
        return by_head.transpose(-1, -2).contiguous()


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

    def __init__(self, shape: tuple[int, int, int], layers: Layers) -> None:
        super().__init__()
        channels, height, width = shape
        self.spatial = gate_convolution(1, 1, (height, width), layers)
        self.channel = gate_convolution(channels, channels, (1, 1), layers)

    def forward(self, z: Tensor, image: Tensor) -> Tensor:
        """A_ja ``[B, c, H, W]`` of z and x_ref, both ``[B, c, H, W]``."""
        channel: Tensor = self.channel(z.mean(dim=(2, 3), keepdim=True))
        return self.kept(z) * channel * image

    def kept(self, z: Tensor) -> Tensor:
        """spatial, ``[B, 1, H, W]`` between 0 and 1: how much of each position is kept."""
        spatial: Tensor = self.spatial(z.mean(dim=1, keepdim=True))
        return spatial
