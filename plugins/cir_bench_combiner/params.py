"""Combiner's parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from cir_bench import AddedLater, FinetuneParams, Params, Training, Tunable

Factor = Annotated[int, Field(ge=1)]
Dropout = Annotated[float, Field(ge=0, lt=1), Tunable(0.0, 0.7)]


Reads = Literal["text", "joint"]
JOINT: Final = "joint"


class CombinerComposerParams(Params):
    """The Combiner's widths, as multiples of the feature width d, and its dropout."""

    projection: Factor = 4
    """Each input is projected to projection · d (paper: RN50x4 has d = 640, 2560 = 4d)."""
    hidden: Factor = 8
    """Hidden layers of output and λ have hidden · d units (paper: 5120 = 8d)."""
    dropout: Dropout = 0.5
    """Dropout after every hidden ReLU."""
    reads: Annotated[Reads, AddedLater()] = "text"
    """What is read as text features: the ``text``'s own, or ``joint``: those of reference image and text, read together
    by an encoder that has them."""


class CombinerParams(CombinerComposerParams, FinetuneParams):
    """`combiner`: the module, the optional first stage, and how the second is trained."""

    scale: Annotated[float, Field(gt=0), Tunable(10, 200, log=True), AddedLater()] = 100.0
    """What both stages' loss multiplies the cosine by (paper: 100); it is not learned."""
    training: Training = Training(optimiser="adam", lr=5e-4, schedule="cosine")
    """Second stage: the Combiner."""

    @model_validator(mode="after")
    def _sums_no_joint_features(self) -> CombinerParams:
        if self.reads == JOINT and self.finetune is not None:
            raise ValueError("the first stage adds image and text features up; with reads=joint, set finetune=null")
        return self
