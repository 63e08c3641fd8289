"""The base classes of parameter models, and the settings of training. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from cir_bench.params.tunable import Tunable


class Params(BaseModel):
    """Base of every parameter model: unknown keys are refused, values checked, numbers finite, instances frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    argument: ClassVar[str | None] = None
    """The field that takes ARGUMENT of ``name:ARGUMENT`` (``openclip:RN50``); None: an argument is refused."""


class NoParams(Params):
    """For objects without parameters."""


@dataclass(frozen=True)
class AddedLater:
    """Marks a parameter that did not exist from the start: the value that was in force before is not an ingredient.

    So cells that were finished before stay valid. That value is the default, unless ``was`` names another one::

        layers: Annotated[Literal["printed", "released"], AddedLater()] = "printed"
        gallery: Annotated[Literal["filled", "own"], AddedLater(was="own")] = "filled"
    """

    was: Any = None

    def before(self, field: FieldInfo) -> Any:
        """The value of the marked field before it existed."""
        return field.get_default(call_default_factory=True) if self.was is None else self.was


class Training(Params):
    """How one stage is trained. Learning rates are per step, epochs are passes over the train triplets.

    For a method that learns from images or texts alone, they count where triplets are said.
    """

    epochs: Annotated[int, Field(ge=0)] = 20
    batch_size: Annotated[int, Field(ge=2)] = 256
    """Triplets per optimiser step (before ``accumulate``)."""
    siblings: Annotated[int, Field(ge=1), AddedLater()] = 1
    """Triplets of one reference image that come into a batch together: their targets are much alike, so they are the
    hardest negatives of each other. 1: a batch is any triplets."""
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0), Tunable(1e-5, 3e-2, log=True)] = 1e-3
    encoder: Literal["auto", "frozen", "train"] = "auto"
    """auto: a pretrained encoder is frozen (its features are cached), one without pretraining is trained."""
    encoder_lr: Annotated[Annotated[float, Field(gt=0)] | None, Tunable(1e-7, 1e-2, log=True)] = None
    """Learning rate of the encoder's pretrained part; None: ``lr``."""
    gradient_checkpointing: bool = False
    """Compute the trained encoder's activations again in the backward pass instead of keeping them: a third more time,
    a fraction of the memory, the same gradients."""
    encoder_eval: bool = False
    """Train the encoder in evaluation mode: batch norm keeps its statistics, dropout is off (CLIP4Cir)."""
    weight_decay: Annotated[float, Field(ge=0), Tunable(1e-6, 0.1, log=True)] = 0.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of ``sgd``."""
    schedule: Literal["constant", "step", "cosine"] = "constant"
    milestones: tuple[int, ...] = ()
    """Epochs (whole, counted from 0) at which ``schedule: step`` multiplies every learning rate by ``gamma``."""
    gamma: Annotated[float, Field(gt=0)] = 0.1
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Optimiser steps in which the learning rates rise linearly from zero."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients are summed before one optimiser step."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of an exponential moving average of the weights, used at test (VAL: .9999)."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after this many evaluations without a better held-out score."""
    mask_same_target: bool = True
    """The target of another triplet in the batch is not a negative if it is the same image."""


SAME_NUMBERS = frozenset({"gradient_checkpointing"})
"""Settings of `Training` that change how a result is computed, but not the result: recorded, but not ingredients."""


def numbers_depend_on(params: BaseModel) -> dict[str, Any]:
    """The values, nested and as JSON, that make a difference to a cell's numbers."""
    values = params.model_dump(mode="json")
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        unchanged = any(isinstance(mark, AddedLater) and value == mark.before(field) for mark in field.metadata)
        if name in SAME_NUMBERS or unchanged:
            del values[name]
        elif isinstance(value, BaseModel):
            values[name] = numbers_depend_on(value)
    return values


class Selection(Params):
    """How the checkpoint is chosen."""

    on: Literal["held-out", "last", "test"] = "held-out"
    """held-out: by a part of train (default). last: no choice. test: by the evaluation split, which leaks (marked)."""
    fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Fraction of the train triplets that is held out (at most ``max_queries``)."""
    max_queries: Annotated[int, Field(ge=1)] = 1000
    gallery: Annotated[Literal["filled", "own"], AddedLater(was="own")] = "filled"
    """filled: other train images fill the held-out gallery up to the size of the evaluation's, since a score, and with
    SADN even a query, depends on it. own: the images of the held-out triplets alone."""
    every: Annotated[int, Field(ge=1)] = 1
    """Epochs between two evaluations."""


class MethodParams(Params):
    """Base of a method's parameters; a method with a second stage adds another :class:`Training` field."""

    training: Training = Training()
    selection: Selection = Selection()


class VariantParams(MethodParams):
    """Parameters of a method whose released code differs from what its paper prints, each difference a switch."""

    released: ClassVar[Mapping[str, Any]] = {}
    """The released code's value of each switch."""

    variant: Annotated[Literal["printed", "released"], AddedLater()] = "printed"
    """``released``: every switch takes the value that the authors' released code has. ``printed``: every switch keeps
    its default. A switch that is set by itself wins over the variant."""

    @model_validator(mode="before")
    @classmethod
    def _set_switches(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("variant") == "released":
            return {**cls.released, **values}
        return values


class FinetuneParams(MethodParams):
    """Parameters of a method with CLIP4Cir's first stage (`FinetuneMethod`)."""

    finetune: Training | None = None
    """First stage: the encoder alone, with query = normalise(image + text). None: no first stage."""
    finetune_encoders: Literal["both", "text"] = "both"
    """Whether the first stage trains the text encoder alone, or the image encoder as well."""


class TwoStageParams(MethodParams):
    """Parameters of a method that rescores the best candidates of its composer (`TwoStageMethod`)."""

    k: Annotated[int, Field(ge=1)] = 50
    """How many of a query's best candidates are rescored."""
    negatives: Annotated[int, Field(ge=1)] = 15
    """How many wrong candidates of each query the second stage learns from: the hardest of the batch."""
    second: Training = Training(epochs=5, encoder="frozen")
    """Second stage: the reranker alone."""
