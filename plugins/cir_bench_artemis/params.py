"""ARTEMIS's parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cir_bench import MethodParams, Params, Training, Tunable

Ablation = Literal["none", "explicit-only", "implicit-only", "late-fusion", "cross-modal", "visual"]


class ArtemisComposerParams(Params):
    """What the score is made of."""

    width: Annotated[int, Field(ge=1)] = 512
    """Dimensions of the space in which images and texts are compared."""
    ablation: Ablation = "none"
    """``explicit-only`` (EM) and ``implicit-only`` (IS) leave out the other half of the score. Without attention:
    ``late-fusion`` cos(r + m, t), ``cross-modal`` cos(m, t), ``visual`` cos(r, t)."""


class ArtemisParams(ArtemisComposerParams, MethodParams):
    """`artemis`."""

    scale: Annotated[float, Field(gt=0), Tunable(1, 100, log=True)] = 14.29
    """Initial value of what the loss multiplies the score by, exp(2.65926); learned."""
    training: Training = Training(
        lr=5e-4, batch_size=32, epochs=50, schedule="step", milestones=(10, 20, 30, 40), gamma=0.5
    )
