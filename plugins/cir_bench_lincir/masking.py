"""Texts whose keywords are replaced by a placeholder."""

from __future__ import annotations

import re
from itertools import groupby

import torch

WORD = "$"
PHOTO = "a photo of $"
LONGEST = 40
"""Words and placeholders of a masked text; the rest is cut, so that text towers can read it."""
_LISTED = """
about above across after against along among and are around as at be because been before behind below beneath
beside between but by can could did do does down during for from had has have he her here him his how i if in
inside into is it its like may me might more most my near next no not of off on onto or our out outside over
please she should so some than that their them then there they to too toward under until up upon us very was
we were what when where which while who why will with within without would you your
"""
OTHER_WORDS = frozenset(_LISTED.split())
"""Words that are no nouns, adjectives or determiners; every other word counts as a keyword."""


def masked(text: str, *, last_run: bool = True) -> str:
    """The text in lower case, each of its longest runs of keywords replaced by ``$``.

    Without any keyword, one word is drawn by torch's generator; of a text without words, it is "a photo of $".

    Args:
        text: a caption; its dollar signs are left out.
        last_run: whether a run that ends the text is replaced, too.

    >>> masked("A small red disc in the middle, next to a box.")
    '$ in $ , next to $ .'
    >>> masked("a small disc in the middle", last_run=False)
    '$ in the middle'
    """
    tokens = re.findall(r"\w+|[^\w\s]", text.lower().replace(WORD, " "))[:LONGEST]
    runs = [(keywords, list(run)) for keywords, run in groupby(tokens, key=_is_keyword)]
    found: list[str] = []
    for place, (keywords, run) in enumerate(runs):
        replaced = keywords and (last_run or place + 1 < len(runs))
        found += [WORD] if replaced else run
    if WORD not in found:
        words = [place for place, token in enumerate(found) if token[0].isalnum()]
        if not words:
            return PHOTO
        found[words[int(torch.randint(len(words), ()))]] = WORD
    return " ".join(found)


def _is_keyword(token: str) -> bool:
    return token[0].isalnum() and token not in OTHER_WORDS
