"""Captions of Fashion200k: how they are cleaned, and the text that leads from one to another."""

from __future__ import annotations

CLEANED = {".": "dotmark", "?": "questionmark", "&": "andmark", "*": "starmark"}


def clean(caption: str) -> str:
    """A caption as TIRG's code and all after it clean it: white space off both ends, then four characters as words.

    ``.`` becomes ``dotmark``, ``?`` ``questionmark``, ``&`` ``andmark``, ``*`` ``starmark``, without a space, so that
    ``14 in.`` has the two words ``14`` and ``indotmark``. Nothing else changes: case, other punctuation and runs of
    spaces inside stay, and two captions are the same only when all their characters are.

    >>> clean(" fit & flare a.l.c. dress ")
    'fit andmark flare adotmarkldotmarkcdotmark dress'
    """
    caption = caption.strip()
    for character, word in CLEANED.items():
        caption = caption.replace(character, word)
    return caption


def change(source: str, target: str) -> str:
    """The query text between two clean captions: ``replace {source word} with {target word}``.

    The source word is the first one that the target lacks, the target word the first one that the source lacks. Where a
    caption has no such word (its words are all in the other one), its last word stands in, as in the published code.
    """
    return text_of(_first_lacking(source.split(), target.split()), _first_lacking(target.split(), source.split()))


def text_of(source_word: str, target_word: str) -> str:
    """The query text that replaces a word."""
    return f"replace {source_word} with {target_word}"


def _first_lacking(words: list[str], other: list[str]) -> str:
    return next((word for word in words if word not in other), words[-1] if words else "")
