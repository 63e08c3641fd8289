"""SEARLE's parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cir_bench import MethodParams, Selection, Training, Tunable
from cir_bench_searle.concepts import CONCEPTS

INVERSION = "inversion"


class SearleParams(MethodParams):
    """`searle`: the inversion of images, the network that learns it, the text of a query, and what it learns from."""

    ablation: Literal["none", "inversion"] = "none"
    """``inversion``: no network; at test, every reference image is inverted (the paper's SEARLE-OTI)."""
    hidden: Annotated[int, Field(ge=1)] = 4
    """Units of φ's two hidden layers, as a multiple of the width of the features."""
    dropout: Annotated[float, Field(ge=0, lt=1), Tunable(0.0, 0.5)] = 0.5
    """Dropout after each hidden GELU of φ."""
    word_scale: Annotated[float, Field(gt=0)] = 1.0
    """What φ's output is multiplied by. The distillation sees no lengths, so a text tower with longer words than CLIP's
    (about 0.4) needs more (`tiny`'s: 9.5)."""
    temperature: Annotated[float, Field(gt=0), Tunable(0.05, 1, log=True)] = 0.25
    """Of the distillation loss, which divides cosines by it."""
    distillation_weight: Annotated[float, Field(ge=0)] = 0.75
    """Weight of the regularisation of φ's words; 0: without it."""
    distillation_concepts: Annotated[int, Field(ge=1)] = 150
    """Nearest concepts, or all if there are fewer, one of which regularises φ's word."""
    steps: Annotated[int, Field(ge=1)] = 350
    """Optimiser steps of the inversion of an image."""
    inversion_lr: Annotated[float, Field(gt=0)] = 2e-2
    inversion_weight: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the regularisation in the inversion; 0: without it."""
    inversion_concepts: Annotated[int, Field(ge=1)] = 15
    """Nearest concepts, one of which regularises a step of the inversion."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the moving average of an inverted word, which is kept."""
    batch: Annotated[int, Field(ge=1)] = 256
    """Images that are inverted at a time."""
    images: Annotated[int, Field(ge=2)] | None = None
    """Invert no more than this many of the images, drawn at random, and learn from these alone. None: all."""
    concepts: Annotated[tuple[str, ...], Field(min_length=1)] = CONCEPTS
    """Names of things that the sentences of the regularisation are about."""
    template: str = "a photo of $ that {text}"
    """The text of a query where the protocol has no template for pseudo-words: ``$`` is the image's word, ``{text}``
    the modification text."""
    corpus: str | None = None
    """The data set whose images it learns from: ``NAME`` or ``NAME:ARGUMENT``, such as ``folder:DIR``. None: the train
    split of the benchmark. The paper's is ImageNet-1k's test split."""
    training: Training = Training(lr=1e-4, weight_decay=0.01, epochs=100, batch_size=256)
    selection: Selection = Selection(on="last")
