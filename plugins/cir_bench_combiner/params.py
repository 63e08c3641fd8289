"""Combiner's parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import AddedLater, FinetuneParams, Params, Training, Tunable

Factor = Annotated[int, Field(ge=1)]
Dropout = Annotated[float, Field(ge=0, lt=1), Tunable(0.0, 0.7)]


class CombinerComposerParams(Params):
    """The Combiner's widths, as multiples of the feature width d, and its dropout."""

    projection: Factor = 4
    """Each input is projected to projection · d (paper: RN50x4 has d = 640, 2560 = 4d)."""
    hidden: Factor = 8
    """Hidden layers of output and λ have hidden · d units (paper: 5120 = 8d)."""
    dropout: Dropout = 0.5
    """Dropout after every hidden ReLU."""


class CombinerParams(CombinerComposerParams, FinetuneParams):
    """`combiner`: the module, the optional first stage, and how the second is trained."""

    scale: Annotated[float, Field(gt=0), Tunable(10, 200, log=True), AddedLater()] = 100.0
    """What both stages' loss multiplies the cosine by (paper: 100); it is not learned."""
    training: Training = Training(optimiser="adam", lr=5e-4, schedule="cosine")
    """Second stage: the Combiner."""
