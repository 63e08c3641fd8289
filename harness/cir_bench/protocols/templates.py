"""Sentences around query texts: `Templates`, and those of pseudo-words taken apart."""

from __future__ import annotations

import re
import string
from typing import NamedTuple

from pydantic import field_validator

from cir_bench.errors import ConfigError
from cir_bench.interfaces.levels import Needs
from cir_bench.params.models import Params

WORD, TEXT = "$", "{text}"
_NAMES = re.compile(r"\{\w+\}")


def template_names(template: str) -> tuple[str, ...]:
    """The names in a template's braces, in order; ``ValueError`` if the braces are not plain names."""
    pieces = list(string.Formatter().parse(template))
    if any(name is not None and (not name.isidentifier() or spec or how) for _, name, spec, how in pieces):
        raise ValueError(f"the braces of the template {template!r} must hold plain names, such as {{text}}")
    return tuple(name for _, name, _, _ in pieces if name is not None)


class WordTemplate(NamedTuple):
    """A template for a pseudo-word, as the text tower reads it, and the sentence that is its caption."""

    template: str
    """Around the pseudo-word ``$`` and the caption ``{text}``."""
    sentence: str
    """What is filled in as the caption: ``{text}`` is the query's text, other names are of its context."""


def word_template(template: str) -> WordTemplate:
    """A template for a pseudo-word, taken apart: from its first name to its last, it is the caption.

    A text tower reads one caption, and has to know the place of the ``$``, which captions may contain, too.

    Raises:
        ValueError: there is not exactly one ``$``; no ``{text}``, or another one; or the names are on both sides of
            the ``$``.

    >>> word_template("a photo of $ , {concept} that {text}")
    WordTemplate(template='a photo of $ , {text}', sentence='{concept} that {text}')
    >>> word_template("a {text} of $")
    WordTemplate(template='a {text} of $', sentence='{text}')
    """
    if template.count(WORD) != 1:
        raise ValueError(f"a template for a pseudo-word must contain one $, and {template!r} does not")
    if template_names(template).count("text") != 1 or "{{" in template or "}}" in template:
        raise ValueError(f"a template for a pseudo-word must contain one {{text}}, and {template!r} does not")
    places = [found.span() for found in _NAMES.finditer(template)]
    start, end = places[0][0], places[-1][1]
    sentence = template[start:end]
    if WORD in sentence:
        raise ValueError(f"the names in the braces must be on one side of the $, and those of {template!r} are not")
    return WordTemplate(template[:start] + TEXT + template[end:], sentence)


class Templates(Params):
    """Sentences around a query's text, in which ``{text}`` is that text and ``{NAME}`` an entry of `Query.context`."""

    text: str = TEXT
    """What text encoders read of a query; MagicLens on CIRCO: ``find {concept} but {text}``."""
    pseudo_word: str | None = None
    """The same for methods that put a pseudo-word into the text tower, in the place of the ``$``: ``a {text} of $``.
    The names are all on one side of it. None: every method's own (`Needs.template`)."""

    @field_validator("text")
    @classmethod
    def _names_the_text(cls, template: str) -> str:
        if "text" not in template_names(template):
            raise ValueError(f"a template must contain {{text}}, and {template!r} does not")
        return template

    @field_validator("pseudo_word")
    @classmethod
    def _can_be_read(cls, template: str | None) -> str | None:
        if template is not None:
            word_template(template)
        return template


def word_template_of(templates: Templates, needs: Needs) -> WordTemplate | None:
    """The template that a method reads pseudo-words in, a protocol's or its own; None for a method without them.

    Raises:
        ConfigError: it is the method's own, and cannot be read.
    """
    if not needs.pseudo_words:
        return None
    try:
        return word_template(templates.pseudo_word or needs.template)
    except ValueError as error:
        raise ConfigError(f"{error}; write one such as 'a photo of $ that {{text}}'.") from error
