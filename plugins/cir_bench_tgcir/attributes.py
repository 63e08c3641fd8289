"""Attribute features of images and texts (TG-CIR, Section 3.2.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import EncoderShape, Features, FeatureShape, PairingError
from cir_bench_tgcir.params import POOLED, SUM, GlobalBasis, Pooling

IMAGE, TEXT = "image", "text"

MASK_START = (0.9, 0.7)
"""Mean and standard deviation of the condition masks' initial values. The paper names none; these are those of
conditional similarity networks (Veit et al., CVPR 2017), where condition masks come from. With equal values the
attributes could never come apart."""


class GlobalAttributes(nn.Module):
    """P condition masks on the pooled feature, the same for images and texts: ``u^i = f ⊙ C_i`` (Eq. 2).

    Args:
        shape: the encoder's widths.
        count: P.
        width: D.
        basis: ``pooled``: f is the encoder's pooled feature. ``projected``: f is a linear layer of it, one for images
            and one for texts.
    """

    def __init__(self, shape: EncoderShape, count: int, width: int, basis: GlobalBasis) -> None:
        super().__init__()
        widths = {IMAGE: shape.image.width, TEXT: shape.text.width}
        if basis == POOLED and set(widths.values()) != {width}:
            raise PairingError(
                f"tgcir's condition masks of width {width} do not fit pooled features of {widths[IMAGE]} (images) and "
                f"{widths[TEXT]} (texts); set width to theirs where they are equal, or global_basis=projected."
            )
        self.project = nn.ModuleDict(
            {role: nn.Identity() if basis == POOLED else nn.Linear(have, width) for role, have in widths.items()}
        )
        self.masks = nn.Parameter(torch.empty(count, width).normal_(*MASK_START))

    def forward(self, role: str, features: Features) -> Tensor:
        """``[B, P, D]`` of B images or texts."""
        basis: Tensor = self.project[role](features.need_pooled())
        return basis[:, None, :] * self.masks  # Eq. 2


class LocalAttributes(nn.Module):
    """Q weighted poolings of the tokens, the same for images and texts (Eqs. 3 and 4).

    ::

        X̄   = FC(X)                 one FC for image tokens, one for word tokens
        s^j = σ(Conv^j(X̄))          1×1 convolutions D → 1; 0 at padding
        v^j = s^jᵀ X̄                divided by the number of real tokens with ``pooling="mean"``

    Args:
        shape: the encoder's widths.
        count: Q.
        width: D.
        pooling: ``sum`` (as printed) or ``mean``.
    """

    def __init__(self, shape: EncoderShape, count: int, width: int, pooling: Pooling) -> None:
        super().__init__()
        self.project = nn.ModuleDict(
            {
                IMAGE: nn.Linear(_token_width(shape.image, IMAGE), width),
                TEXT: nn.Linear(_token_width(shape.text, TEXT), width),
            }
        )
        self.weigh = nn.Linear(width, count)  # Q convolutions D → 1 with kernel 1
        self.pooling = pooling

    def forward(self, role: str, features: Features) -> Tensor:
        """``[B, Q, D]`` of B images or texts."""
        tokens, mask = features.need_tokens()
        projected: Tensor = self.project[role](tokens)  # Eq. 3
        weights = torch.sigmoid(self.weigh(projected)) * mask[:, :, None]  # Eq. 4, [B, L, Q]
        pooled = weights.transpose(1, 2) @ projected
        return pooled if self.pooling == SUM else pooled / mask.sum(dim=1).clamp(min=1)[:, None, None]


def _token_width(shape: FeatureShape, role: str) -> int:
    if shape.tokens is None:
        raise PairingError(
            f"tgcir's local attributes need {role} tokens and this encoder gives none; use an encoder with tokens, "
            "such as openclip:ViT-B-16, or global attributes alone."
        )
    return shape.tokens
