"""The parameters of the trained baseline. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import MethodParams, Params, Training

Probability = Annotated[float, Field(ge=0, lt=1)]


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
