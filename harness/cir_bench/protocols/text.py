"""Captions become texts: query texts by the protocol's policy, training texts of which one is drawn per epoch."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Query
from cir_bench.protocols.protocol import Protocol, TextForm
from cir_bench.protocols.templates import TEXT, template_names

_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, " "))
_WORD = re.compile(r"[\w'-]+")


class QueryText(NamedTuple):
    """A query made from an annotated one: the suffix of its id, and texts whose embeddings are averaged."""

    suffix: str
    texts: tuple[str, ...]


def clean(caption: str, form: TextForm, spelling: Mapping[str, str]) -> str:
    """One caption in the protocol's form; ``spelling`` maps wrong words, in lower case, to right ones."""
    if form.punctuation == "space":
        caption = " ".join(caption.translate(_PUNCTUATION).split())
    if form.spelling:
        caption = _WORD.sub(lambda word: spelling.get(word[0].lower(), word[0]), caption)
    return caption.strip(form.strip + string.whitespace)


def join(captions: Sequence[str], form: TextForm) -> str:
    """Clean captions as one text; empty ones leave no separator behind."""
    text = form.separator.join(caption for caption in captions if caption)
    return text[:1].upper() + text[1:] if form.capitalise else text


def query_texts(
    query_id: str, captions: Sequence[str], protocol: Protocol, spelling: Mapping[str, str]
) -> list[QueryText]:
    """The queries that an annotated query becomes, in order; none if all its captions are empty under ``each``.

    `DataError` if the protocol asks for a single caption and there are several, or none.
    """
    form = protocol.text
    cleaned = [clean(caption, form, spelling) for caption in captions]
    forwards, backwards = join(cleaned, form), join(cleaned[::-1], form)
    if protocol.query_text == "single" and len(captions) != 1:
        raise DataError(f"Query {query_id!r} has {len(captions)} captions; this protocol takes queries with one.")
    if protocol.query_text == "each":
        return [
            QueryText(f"-{_letter(place)}", (join([caption], form),))
            for place, caption in enumerate(cleaned)
            if caption
        ]
    if protocol.query_text == "both-orders":
        return [QueryText("-a", (forwards,)), QueryText("-b", (backwards,))]
    if protocol.query_text == "mean-of-orders":
        return [QueryText("", tuple(dict.fromkeys((forwards, backwards))))]
    return [QueryText("", (forwards,))]


def fill_template(template: str, text: str, query: Query) -> str:
    """A text in a protocol's template; `DataError` if the template names a text that the query does not have."""
    if template == TEXT:
        return text
    known = {**query.context, "text": text}
    lacking = [name for name in template_names(template) if name not in known]
    if lacking:
        raise DataError(
            f"Query {query.id!r} has no {lacking[0]!r}, which the protocol's template {template!r} names; "
            "choose a protocol without it."
        )
    return template.format_map(known)


def train_texts(
    captions: Sequence[str], protocol: Protocol, spelling: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """All texts that a training triplet with these captions may be shown with, each once.

    Training draws them with equal probability. A triplet whose captions are all empty has one empty text.
    """
    form = protocol.text
    cleaned = [clean(caption, form, spelling or {}) for caption in captions]
    alone = [join([caption], form) for caption in cleaned]
    if protocol.train_text == "joined":
        texts = [join(cleaned, form)]
    elif protocol.train_text == "each":
        texts = alone
    else:
        texts = [join(cleaned, form), join(cleaned[::-1], form), *alone]
    return tuple(dict.fromkeys(text for text in texts if text)) or ("",)


def _letter(place: int) -> str:
    """a, b, …, z, aa, ab, …: unique for any number of captions."""
    letters = string.ascii_lowercase
    return letters[place] if place < len(letters) else _letter(place // len(letters) - 1) + letters[place % 26]
