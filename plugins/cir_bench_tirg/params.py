"""TIRG's parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from cir_bench import MethodParams, Params, Training

Variant = Literal["pooled", "last-conv"]
POOLED: Final = "pooled"
LAST_CONV: Final = "last-conv"

Scaling = Literal["original", "normed"]
"""original: a0, a1 start at 1 and 10, the output is left as it is. normed: 1 and 1, the output is L2-normed."""


class TirgComposerParams(Params):
    """The pooled composer."""

    scaling: Scaling = "original"
    """Which published start of the two weights: ``original`` (1, 10) or ``normed`` (1, 1 and an L2-normed output)."""


class TirgLastConvComposerParams(TirgComposerParams):
    """The composer on the last feature map."""

    embed_width: Annotated[int, Field(ge=1)] = 512
    """Of ``last-conv`` only: width of the linear layer after the global average pooling (paper: 512)."""


class TirgParams(TirgLastConvComposerParams, MethodParams):
    """`tirg`: variant, loss, and how it is trained."""

    variant: Variant = POOLED
    """Compose pooled features (the paper's real photo data sets), or the last feature map (the paper's CSS)."""
    loss: Literal["batch-classification", "soft-triplet"] = "batch-classification"
    """The paper's two losses, each on embeddings times a learnable scale from 4."""
    training: Training = Training(optimiser="adam", lr=3e-4, schedule="cosine")
