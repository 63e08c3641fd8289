"""Parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import MethodParams, Params, Training


class MarginParams(Params):
    """The loss."""

    margin: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Subtracted from the cosine of the correct pair."""
    scale: Annotated[float, Field(gt=0)] = 16.0
    """Factor of the cosines."""


class TranslationParams(MethodParams):
    """The method."""

    loss: MarginParams = MarginParams()
    """The loss that it is trained with."""
    training: Training = Training(epochs=10, lr=3e-3)
