"""The parameters of the trained baselines. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import AddedLater, MethodParams, Tunable

Width = Annotated[int, Field(ge=1)]


class ScaleParams(MethodParams):
    """What the trained baselines have in common."""

    scale: Annotated[float, Field(gt=0), Tunable(2, 10, log=True), AddedLater()] = 4.0
    """Where the learnable scale of the loss starts (TIRG: 4)."""


class ConcatParams(ScaleParams):
    """The MLP of `concat`, and how it is trained."""

    hidden: Width | None = None
    """Width of the hidden layer; None: image width + text width."""
    dropout: Annotated[float, Field(ge=0, lt=1), Tunable(0.0, 0.5)] = 0.1
    """Dropout after the hidden layer."""


class FilmParams(ScaleParams):
    """The width of `film`, and how it is trained."""

    embed_width: Width = 512
    """Width of the embedding, after the pooling."""


class RelationshipParams(ScaleParams):
    """The widths of `relationship`, and how it is trained."""

    hidden: Width = 256
    """Width of both MLPs' hidden layers (Santoro et al.: 256)."""
    embed_width: Width = 512
    """Width of the embedding."""
