"""LinCIR's parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from cir_bench import Selection, Training, Tunable, VariantParams


class LincirParams(VariantParams):
    """`lincir`: the mapping, the masking of texts, the text of a query, and what it learns from."""

    released: ClassVar[Mapping[str, Any]] = {"last_run": "kept"}

    hidden: Annotated[int, Field(ge=1)] = 4
    """Units of the mapping's two hidden layers, as a multiple of the width of the features."""
    dropout: Annotated[float, Field(ge=0, lt=1), Tunable(0.0, 0.5)] = 0.5
    """Dropout after each hidden GELU."""
    noise: Annotated[float, Field(ge=0)] = 1.0
    """What the noise on text features is multiplied by (the paper: 1)."""
    normalise: bool = False
    """L2-normalise the features that the mapping reads: of texts before the noise, of images at test."""
    last_run: Literal["replaced", "kept"] = "replaced"
    """What becomes of keywords that end a text: ``replaced`` by the word like others, or ``kept`` (released code)."""
    template: str = "a photo of $ that {text}"
    """The text of a query where the protocol has no template for pseudo-words: ``$`` is the image's word, ``{text}``
    the modification text."""
    corpus: str | None = None
    """The data set whose texts it learns from: ``NAME`` or ``NAME:ARGUMENT``, such as ``folder:DIR``. None: the train
    split of the benchmark. The paper's are captions of CC3M and prompts of image generators."""
    training: Training = Training(lr=1e-4, weight_decay=0.01, epochs=20, batch_size=512)
    selection: Selection = Selection(on="last")
