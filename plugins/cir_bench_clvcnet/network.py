"""What the two networks share: what they give, and what they need of an encoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import EncoderShape, Features, PairingError
from cir_bench_clvcnet.params import WORDS, CompositionParams


@dataclass(frozen=True)
class Composed:
    """A composed query.

    Attributes:
        representation: X̃_q before pooling: ``[B, C, H, W]`` (local) or ``[B, D, U]`` (global, zero at padding words).
        vector: f̃_q ``[B, width]``.
    """

    representation: Tensor
    vector: Tensor


@dataclass(frozen=True)
class Matched:
    """What a network makes of triplets.

    Attributes:
        query: f̃_q ``[B, width]``.
        target: f_t ``[B, width]``.
        representation: X̃_q, as of `Composed`.
    """

    query: Tensor
    target: Tensor
    representation: Tensor


class Network(nn.Module, ABC):
    """One of CLVC-Net's two networks behind its encoders."""

    def forward(self, reference: Features, text: Features, target: Features) -> Matched:
        """Queries and targets of B triplets."""
        composed = self.compose(reference, text)
        return Matched(composed.vector, self.embed_target(target), composed.representation)

    @abstractmethod
    def compose(self, reference: Features, text: Features) -> Composed:
        """The composed query of B reference images (last map) and texts (tokens)."""

    @abstractmethod
    def attention(self, reference: Features, text: Features) -> Tensor:
        """Where on the map of B reference images its attention is, ``[B, H, W]``."""

    @abstractmethod
    def embed_target(self, image: Features) -> Tensor:
        """f_t ``[B, width]`` of B images."""


def channels_and_words(shape: EncoderShape) -> tuple[int, int]:
    """C of the deepest map and D of the text tokens; `PairingError` where an encoder lacks one of them."""
    if not shape.image.maps or shape.text.tokens is None:
        raise PairingError(
            "clvcnet needs an image map and text tokens, and this encoder does not give both; use one such as cnn-lstm."
        )
    return shape.image.maps[-1][0], shape.text.tokens


def words_of(text: Features, params: CompositionParams) -> tuple[Tensor, Tensor]:
    """T_m as ``[B, U, D]``, zero at padding, and its mask ``[B, U]``.

    Where padding counts as words, U is ``text_length`` and all of them are there; what the encoder does not give is 0.
    """
    tokens, mask = text.need_tokens()
    if params.padding == WORDS:
        words = F.pad(tokens, (0, 0, 0, params.text_length - tokens.shape[1]))
        return words, torch.ones(words.shape[:2], dtype=torch.bool, device=words.device)
    return tokens.masked_fill(~mask[:, :, None], 0.0), mask
