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
    words = template.count(PSEUDO_WORD)
    if words != 1:
        raise ConfigError(
            f"the template {template!r} has {words or 'no'} placeholders {PSEUDO_WORD} for the pseudo-word; "
            f"write exactly one, as in 'a photo of {PSEUDO_WORD} that {CAPTION}'."
        )
    _check_vectors(captions, vectors, width)
    return _parts(template, any(captions))


def pseudo_word_rows(
    template: str | Sequence[str], captions: Sequence[str], vectors: Tensor, width: int
) -> list[tuple[str, ...]]:
    """As `pseudo_word_parts`, the parts of each of B texts; a sequence has the template of each text.

    Raises:
        ConfigError: as of `pseudo_word_parts`; of a sequence, there is not one template for each caption, or one has no
            ``$``, of which it may have several.

    >>> import torch
    >>> pseudo_word_rows(["$ in $", "the $ {text}"], ["", "is red"], torch.zeros(2, 4), 4)
    [('$', 'in', '$'), ('the', '$', '{text}')]
    """
    if isinstance(template, str):
        return [pseudo_word_parts(template, captions, vectors, width)] * len(captions)
    if len(template) != len(captions):
        raise ConfigError(f"there are {len(template)} templates for {len(captions)} captions; give one for each.")
    for one in template:
        if PSEUDO_WORD not in one:
            raise ConfigError(f"the template {one!r} has no placeholder {PSEUDO_WORD} for the pseudo-word; write one.")
    _check_vectors(captions, vectors, width)
    return [_parts(one, bool(caption)) for one, caption in zip(template, captions, strict=True)]


def _check_vectors(captions: Sequence[str], vectors: Tensor, width: int) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != width:
        raise ConfigError(
            f"the vectors of the pseudo-words are {list(vectors.shape)}, but this encoder's words have width {width}: "
            f"give one vector of that width for each caption, made for this text tower."
        )
    if len(vectors) != len(captions):
        raise ConfigError(f"there are {len(vectors)} pseudo-words for {len(captions)} captions; give one for each.")


def _parts(template: str, captioned: bool) -> tuple[str, ...]:
    """The template split at its placeholders; with ``captioned`` it must have one for the caption."""
    texts = template.count(CAPTION)
    if texts > 1 or (not texts and captioned):
        raise ConfigError(
            f"the template {template!r} has {texts or 'no'} placeholders {CAPTION} for the caption; "
            f"write exactly one, as in 'a photo of {PSEUDO_WORD} that {CAPTION}'."
        )
    pieces = re.split(f"({re.escape(PSEUDO_WORD)}|{re.escape(CAPTION)})", template)
    return tuple(piece.strip() for piece in pieces if piece.strip())
