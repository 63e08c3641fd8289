"""Reads the template of a pseudo-word, for encoders with `encode_texts_with`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cir_bench.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

PSEUDO_WORD = "$"
"""The placeholder of the pseudo-word in a template."""
CAPTION = "{text}"
"""The placeholder of the caption in a template."""


def pseudo_word_parts(template: str, captions: Sequence[str], vectors: Tensor, width: int) -> tuple[str, ...]:
    """Check the arguments of :meth:`Encoder.encode_texts_with`, and split the template into its parts.

    The parts are in order: ``"$"`` for the pseudo-word, ``"{text}"`` for the caption, and the text between them without
    the spaces around it. A ``$`` can only come from the template, since captions are not filled in here.

    Args:
        template: ``"a photo of $ that {text}"``.
        captions: B texts.
        vectors: ``[B, width]``.
        width: the encoder's `pseudo_word_width`.

    Raises:
        ConfigError: the template has not exactly one ``$``, or more than one ``{text}``, or none although a caption is
            not empty; or the vectors are not ``[B, width]``.

    >>> import torch
    >>> pseudo_word_parts("a photo of $ that {text}", ["is red"], torch.zeros(1, 4), 4)
    ('a photo of', '$', 'that', '{text}')
    """
    words, texts = template.count(PSEUDO_WORD), template.count(CAPTION)
    if words != 1:
        raise ConfigError(
            f"the template {template!r} has {words or 'no'} placeholders {PSEUDO_WORD} for the pseudo-word; "
            f"write exactly one, as in 'a photo of {PSEUDO_WORD} that {CAPTION}'."
        )
    if texts > 1 or (not texts and any(captions)):
        raise ConfigError(
            f"the template {template!r} has {texts or 'no'} placeholders {CAPTION} for the caption; "
            f"write exactly one, as in 'a photo of {PSEUDO_WORD} that {CAPTION}'."
        )
    if vectors.ndim != 2 or vectors.shape[1] != width:
        raise ConfigError(
            f"the vectors of the pseudo-words are {list(vectors.shape)}, but this encoder's words have width {width}: "
            f"give one vector of that width for each caption, made for this text tower."
        )
    if len(vectors) != len(captions):
        raise ConfigError(f"there are {len(vectors)} pseudo-words for {len(captions)} captions; give one for each.")
    pieces = re.split(f"({re.escape(PSEUDO_WORD)}|{re.escape(CAPTION)})", template)
    return tuple(piece.strip() for piece in pieces if piece.strip())
