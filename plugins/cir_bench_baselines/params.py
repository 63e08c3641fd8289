"""The parameters of the trained baselines. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import MethodParams, Params, Training

Probability = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1)]


class ConcatComposerParams(Params):
    """The MLP of `concat`."""

    hidden: Annotated[int, Field(ge=1)] | None = None
    """Width of the hidden layer; None: image width + text width."""
    dropout: Probability = 0.1
    """Dropout after the hidden layer."""


class ConcatParams(MethodParams):
    """`concat`: the MLP and how it is trained."""

    hidden: Annotated[int, Field(ge=1)] | None = None
    """Width of the hidden layer; None: image width + text width."""
    dropout: Probability = 0.1
    """Dropout after the hidden layer."""
    training: Training = Training()


class FilmComposerParams(Params):
    """The widths of `film`."""

    embed_width: Width = 512
    """Width of the embedding, behind the pooling."""


class FilmParams(MethodParams):
    """`film`: its width and how it is trained."""

    embed_width: Width = 512
    """Width of the embedding, behind the pooling."""
    training: Training = Training()


class RelationshipComposerParams(Params):
    """The widths of `relationship`."""

    hidden: Width = 256
    """Width of both MLPs' hidden layers (Santoro et al.: 256)."""
    embed_width: Width = 512
    """Width of the embedding."""


class RelationshipParams(MethodParams):
    """`relationship`: its widths and how it is trained."""

    hidden: Width = 256
    """Width of both MLPs' hidden layers (Santoro et al.: 256)."""
    embed_width: Width = 512
    """Width of the embedding."""
    training: Training = Training()
