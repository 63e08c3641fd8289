"""Attribute features of images and texts (TG-CIR, Section 3.2.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import EncoderShape, Features, FeatureShape, PairingError
from cir_bench_tgcir.params import ALL_MEAN, POOLED, RELEASED, SUM, AttributeParams

IMAGE, TEXT = "image", "text"

MASK_START = (0.9, 0.7)
"""Mean and standard deviation of the condition masks' initial values. The paper names none; these are those of
conditional similarity networks (Veit et al., CVPR 2017), where condition masks come from. With equal values the
attributes could never come apart."""

OWN_BLOCK, ELSEWHERE = 1.0, 0.1
"""Initial values of the released condition masks."""


class GlobalAttributes(nn.Module):
    """P condition masks on the pooled feature, the same for images and texts: ``u^i = f ⊙ C_i`` (Eq. 2).

    Args:
        shape: the encoder's widths.
        count: P.
        params: D; ``global_basis``: f is the encoder's pooled feature or a linear layer of it, one for images and one
            for texts; ``masks``: released ones pass a ReLU.
    """

    def __init__(self, shape: EncoderShape, count: int, params: AttributeParams) -> None:
        super().__init__()
        width, basis = params.width, params.global_basis
        widths = {IMAGE: shape.image.width, TEXT: shape.text.width}
        if basis == POOLED and set(widths.values()) != {width}:
            raise PairingError(
                f"tgcir's condition masks of width {width} do not fit pooled features of {widths[IMAGE]} (images) and "
                f"{widths[TEXT]} (texts); set width to theirs where they are equal, or global_basis=projected."
            )
        self.project = nn.ModuleDict(
            {role: nn.Identity() if basis == POOLED else nn.Linear(have, width) for role, have in widths.items()}
        )
        self._released = params.masks == RELEASED
        start = block_masks(count, width) if self._released else torch.empty(count, width).normal_(*MASK_START)
        self.masks = nn.Parameter(start)

    def forward(self, role: str, features: Features) -> Tensor:
        """``[B, P, D]`` of B images or texts."""
        basis: Tensor = self.project[role](features.need_pooled())
        masks = torch.relu(self.masks) if self._released else self.masks
        return basis[:, None, :] * masks  # Eq. 2


def block_masks(count: int, width: int) -> Tensor:
    """Initial values of released condition masks ``[P, D]``: mask i is 1 on the i-th block of ⌊D / P⌋, .1 elsewhere."""
    masks, block = torch.full((count, width), ELSEWHERE), width // count
    for i, mask in enumerate(masks):
        mask[i * block : (i + 1) * block] = OWN_BLOCK
    return masks


class LocalAttributes(nn.Module):
    """Q weighted poolings of the tokens, the same for images and texts (Eqs. 3 and 4).

    ::

        X̄   = FC(X)                 one FC for image tokens, one for word tokens
        s^j = σ(Conv^j(X̄))          1×1 convolutions D → 1; 0 at padding
        v^j = s^jᵀ X̄                divided by the number of real tokens with ``pooling="mean"``

    With ``pooling="all-mean"`` every text has ``text_length`` tokens, padding among them, and none is left out.

    Args:
        shape: the encoder's widths.
        params: Q, D, and the pooling.
    """

    def __init__(self, shape: EncoderShape, params: AttributeParams) -> None:
        super().__init__()
        width = params.width
        self.project = nn.ModuleDict(
            {
                IMAGE: nn.Linear(_token_width(shape.image, IMAGE), width),
                TEXT: nn.Linear(_token_width(shape.text, TEXT), width),
            }
        )
        self.weigh = nn.Linear(width, params.local_attributes)  # Q convolutions D → 1 with kernel 1
        self.pooling, self._text_length = params.pooling, params.text_length

    def forward(self, role: str, features: Features) -> Tensor:
        """``[B, Q, D]`` of B images or texts."""
        tokens, mask = features.need_tokens()
        if self.pooling == ALL_MEAN and role == TEXT:
            tokens = F.pad(tokens, (0, 0, 0, self._text_length - tokens.shape[1]))
            mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
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
