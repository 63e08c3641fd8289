"""Parameters of `rerank`. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from cir_bench import Training, Tunable, TwoStageParams


class RerankParams(TwoStageParams):
    """`rerank`: the composer of the first stage, the network of the second, and how both are trained."""

    first: str = "tirg"
    """The composer of the first stage, of any plugin, by name."""
    first_params: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The composer's own parameters, by its name: ``combiner: {dropout: 0.1}``. What is not named keeps the composer's
    default."""
    width: Annotated[int, Field(ge=1)] = 512
    """Of the hidden layers of the second stage."""
    dropout: Annotated[float, Field(ge=0, lt=1), Tunable(0, 0.5)] = 0.1
    """Behind every hidden layer of the second stage."""
    training: Training = Training(optimiser="adam", lr=3e-4, schedule="cosine")
    """First stage: the composer, with the batch classification loss."""
    second: Training = Training(epochs=5, lr=1e-3, schedule="cosine", weight_decay=1e-2, encoder="frozen")
    """Second stage: the network alone."""

    def of_first(self) -> dict[str, Any]:
        """The parameters of the first stage's composer."""
        return self.first_params.get(self.first, {})
