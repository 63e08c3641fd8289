"""The composite transformer of one level."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import PairingError
from cir_bench_val.attention import JointAttention, SelfAttention
from cir_bench_val.layers import TextFusion
from cir_bench_val.params import NO_JOINT_ATTENTION, NO_SELF_ATTENTION, Ablation, Layers


class CompositeTransformer(nn.Module):
    """Composes a map of the reference image with the text (VAL, supplement, Table 1 and Figure 1).

    ::

        z         = ReLU(Conv1×1([x_ref; tiled text] → c))
        composite = w_sa · A_sa(z) + w_ja · A_ja(z, x_ref)        w_sa = 0, w_ja = 1 at the start, both learned

    So training starts from the gated reference map, and self-attention joins in as w_sa grows. An ablation leaves one
    stream out; the other then stands alone, without a weight, which the L2 norm behind it would take out anyway (and
    which for A_sa would be 0 at the start).

    Args:
        shape: (c, H, W) of the level.
        text_width: width of the text features.
        heads: heads of the self-attention.
        layers: ``printed`` or ``released``.
        ablation: which stream is left out.
    """

    def __init__(
        self, shape: tuple[int, int, int], text_width: int, heads: int, layers: Layers, ablation: Ablation
    ) -> None:
        super().__init__()
        channels = shape[0]
        if channels % heads:
            raise PairingError(
                f"val's {heads} heads must share the channels of every level evenly, and this encoder has a map of "
                f"{channels} channels; set heads to a divisor of {channels}."
            )
        self.fuse = TextFusion(channels, text_width, layers)
        # Both streams are made, then one dropped: at one seed an ablation starts from the same weights as the whole.
        streams = SelfAttention(channels, heads, layers), JointAttention(shape, layers)
        self.self_attention = streams[0] if ablation != NO_SELF_ATTENTION else None
        self.joint_attention = streams[1] if ablation != NO_JOINT_ATTENTION else None
        if ablation == "none":
            self.w_sa = nn.Parameter(torch.tensor(0.0))
            self.w_ja = nn.Parameter(torch.tensor(1.0))

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """The composite map ``[B, c, H, W]`` of x_ref ``[B, c, H, W]`` and text ``[B, d]``."""
        image, z = self._fused(image, text)
        attended = None if self.self_attention is None else self.self_attention(z)
        kept = None if self.joint_attention is None else self.joint_attention(z, image)
        return self._sum(attended, kept)

    def pooled(self, image: Tensor, text: Tensor) -> Tensor:
        """The composite's mean over the positions ``[B, c]``, of the streams' means, which cost less than the sum."""
        image, z = self._fused(image, text)
        attended = None if self.self_attention is None else self.self_attention(z).mean(dim=(2, 3))
        kept = None if self.joint_attention is None else self.joint_attention.mean(z, image)
        return self._sum(attended, kept)

    def attention(self, image: Tensor, text: Tensor) -> dict[str, Tensor]:
        """Where each stream that is there looks, ``[B, H, W]``, of x_ref ``[B, c, H, W]`` and text ``[B, d]``."""
        _, z = self._fused(image, text)
        maps = {}
        if self.self_attention is not None:
            maps["self-attention"] = self.self_attention.attended(z)
        if self.joint_attention is not None:
            maps["joint attention"] = self.joint_attention.kept(z)[:, 0]
        return maps

    def _fused(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """x_ref and z, channels last in memory: nearly all convolutions are then matrix products without a copy."""
        image = image.contiguous(memory_format=torch.channels_last)
        return image, self.fuse(image, text)

    def _sum(self, attended: Tensor | None, kept: Tensor | None) -> Tensor:
        """The weighted sum of both streams, or the only one."""
        if attended is None or kept is None:
            only = kept if attended is None else attended
            assert only is not None
            return only
        return self.w_sa * attended + self.w_ja * kept
