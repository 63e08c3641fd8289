"""TIRG's parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, model_validator

from cir_bench import AddedLater, Params, Training, Tunable, VariantParams

Level = Literal["pooled", "last-conv"]
LAST_CONV: Final = "last-conv"

Layers = Literal["printed", "released"]
RELEASED: Final = "released"

SOFT_TRIPLET: Final = "soft-triplet"

Scaling = Literal["original", "normed"]
"""original: a0, a1 start at 1 and 10, the output is left as it is. normed: 1 and 1, the output is L2-normed."""


Reads = Literal["text", "joint"]
JOINT: Final = "joint"


class TirgScalingParams(Params):
    """Of both composers."""

    scaling: Scaling = "original"
    """Which published start of the two weights: ``original`` (1, 10) or ``normed`` (1, 1 and an L2-normed output)."""


class TirgComposerParams(TirgScalingParams):
    """The pooled composer."""

    reads: Annotated[Reads, AddedLater()] = "text"
    """What is read as text features: the ``text``'s own, or ``joint``: those of reference image and text, read together
    by an encoder that has them."""


class TirgLastConvComposerParams(TirgScalingParams):
    """The composer on the last feature map."""

    embed_width: Annotated[int, Field(ge=1)] = 512
    """Of ``last-conv`` only: width of the linear layer after the global average pooling (paper: 512)."""
    layers: Annotated[Layers, AddedLater()] = "printed"
    """Of ``last-conv`` only. ``printed``: gate and residual have the layers of the pooled model, as convolutions.
    ``released``: both are BN → Conv3×3 → ReLU → Conv3×3."""


class TirgParams(TirgLastConvComposerParams, TirgComposerParams, VariantParams):
    """`tirg`: level, loss, and how it is trained."""

    released: ClassVar[Mapping[str, Any]] = {"layers": "released", "anchors": "both"}

    level: Level = "pooled"
    """Compose pooled features (the paper's real photo data sets), or the last feature map (the paper's CSS)."""
    loss: Literal["batch-classification", "soft-triplet"] = "batch-classification"
    """The paper's two losses, each on embeddings times a learnable scale."""
    scale: Annotated[float, Field(gt=0), Tunable(2, 10, log=True), AddedLater()] = 4.0
    """Where the learnable scale starts (released: 4)."""
    anchors: Annotated[Literal["queries", "both"], AddedLater()] = "queries"
    """Of ``soft-triplet`` only: its anchors, ``queries`` (as printed) or ``both`` queries and targets (as released)."""
    training: Training = Training(optimiser="adam", lr=3e-4, schedule="cosine")

    @model_validator(mode="after")
    def _tiles_no_joint_features(self) -> TirgParams:
        if self.reads == JOINT and self.level == LAST_CONV:
            raise ValueError("joint features are read with pooled ones alone; set level=pooled with reads=joint")
        return self
