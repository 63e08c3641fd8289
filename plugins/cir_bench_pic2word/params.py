"""Pic2Word's parameters. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cir_bench import MethodParams, Selection, Training, Tunable


class Pic2wordParams(MethodParams):
    """`pic2word`: the mapping, the text of a query, and what it learns from."""

    hidden: Annotated[int, Field(ge=1)] = 512
    """Units of the mapping's two hidden layers (released: 512)."""
    dropout: Annotated[float, Field(ge=0, lt=1), Tunable(0.0, 0.5)] = 0.1
    """Dropout before each hidden ReLU (released: 0.1)."""
    scale: Annotated[float, Field(gt=0), Tunable(5, 200, log=True)] = 100.0
    """What the loss multiplies the cosine by; not learned (CLIP's own: 100)."""
    template: str = "a photo of $ , {text}"
    """The text of a query where the protocol has no template for pseudo-words: ``$`` is the image's word, ``{text}``
    the modification text."""
    corpus: str | None = None
    """The data set whose images it learns from: ``NAME`` or ``NAME:ARGUMENT``, such as ``folder:DIR``. None: the train
    split of the benchmark. The paper's is CC3M, without its captions."""
    training: Training = Training(lr=1e-4, weight_decay=0.1, schedule="cosine", epochs=30, batch_size=128)
    selection: Selection = Selection(on="last")
