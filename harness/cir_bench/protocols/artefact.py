"""`Artefact`: texts made elsewhere, one for each query or reference image, and what they come from. Imports no torch.

The file is a JSON object: the fields of `ArtefactHeader`, and ``texts``, an object from ids to texts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import ConfigError, DataError, examples
from cir_bench.params.fill import fill
from cir_bench.params.models import Params

if TYPE_CHECKING:
    from cir_bench.interfaces.dataset import Query
    from cir_bench.protocols.build import TextOf

MOST_BYTES = 64 * MIB
MOST_CHARACTERS = 10_000
"""Of one text."""
SHOWN_DIGITS = 12
"""Of the digest, in the names of rows."""
Words = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS, pattern=r"\S")]


class ArtefactHeader(Params):
    """What an artefact is, and what it comes from."""

    artefact: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    """Its name: ``target-text``."""
    version: Literal[1]
    """Of this format."""
    per: Literal["query", "image"]
    """Whether ids are those of the data set's queries, or of reference images."""
    dataset: Words
    split: Words
    model: Words
    """What made the texts; of several models, all of them."""
    prompt: Annotated[str, Field(max_length=MOST_CHARACTERS)]
    """What the model was asked; empty for a model without a prompt."""
    date: str
    """When the texts were made, YYYY-MM-DD."""
    licence: Words
    """Of the texts; ``unknown`` if nobody has said."""
    source: str = ""
    """Where they can be found, or how they are made again."""

    @field_validator("date")
    @classmethod
    def _a_day(cls, value: str) -> str:
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValueError("write a day as YYYY-MM-DD") from error
        return day.isoformat()


@dataclass(frozen=True)
class Artefact:
    """A file that was read: its header, its texts by id, and the SHA-256 of its bytes."""

    path: Path
    digest: str
    header: ArtefactHeader
    texts: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """Such as ``target-text``."""
        return self.header.artefact

    @property
    def place(self) -> tuple[str, str, str]:
        """Name, data set and split."""
        return self.name, self.header.dataset, self.header.split

    @property
    def mark(self) -> str:
        """The digest in short, as it is part of a cell's name."""
        return self.digest[:SHOWN_DIGITS]


def read_artefact(path: Path) -> Artefact:
    """Read an artefact; `ConfigError` with the file and the mistake if it is not one."""
    try:
        content = read_bounded(path, MOST_BYTES)
        values = parse_json(content, pairs=_each_once)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:  # not JSON, not in UTF-8, too large
        raise ConfigError(f"{path} is not an artefact: {error}.") from error
    if not isinstance(values, dict) or not isinstance(values.get("texts"), dict):
        raise ConfigError(f'{path} is not an artefact: it must be a JSON object with "texts": {{id: text}}.')
    texts = values.pop("texts")
    header = fill(ArtefactHeader, values, str(path), "key")
    _check(texts, path)
    return Artefact(path, hashlib.sha256(content).hexdigest(), header, texts)


def texts_of(artefact: Artefact, queries: Sequence[Query]) -> TextOf:
    """The text of each query; `DataError` if there is none for some, or some are for no query.

    Texts of images that are nobody's reference are allowed: other protocols have other references.
    """
    header, texts = artefact.header, artefact.texts
    of_queries = header.per == "query"
    ids = dict.fromkeys(query.id if of_queries else query.reference for query in queries)
    where = f"{artefact.path}, the artefact {artefact.name!r} of {header.dataset} ({header.split})"
    what = "queries" if of_queries else "reference images"
    if missing := [one for one in ids if one not in texts]:
        raise DataError(
            f"{where}, has no text for {len(missing)} of {len(ids)} {what} ({examples(missing, 3)}); add them."
        )
    if unknown := [one for one in texts if one not in ids] if of_queries else []:
        raise DataError(
            f"{where}, has texts for {len(unknown)} ids that are no queries ({examples(unknown, 3)}); remove them."
        )
    return lambda query: texts[query.id if of_queries else query.reference]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r:.60} is given twice")
    return found


def _check(texts: Mapping[str, Any], path: Path) -> None:
    if not texts:
        raise ConfigError(f"{path} is not an artefact: it has no texts.")
    for key, text in texts.items():
        if not isinstance(text, str):
            raise ConfigError(f"{path}: the text of {key!r:.60} is not a string.")
        if not text.strip():
            raise ConfigError(f"{path}: the text of {key!r:.60} is empty.")
        if len(text) > MOST_CHARACTERS:
            raise ConfigError(f"{path}: the text of {key!r:.60} is longer than {MOST_CHARACTERS:,} characters.")
        if not f"{key}{text}".isascii() and any("\ud800" <= letter <= "\udfff" for letter in f"{key}{text}"):
            raise ConfigError(f"{path}: the text of {key!r:.60} is not valid Unicode (a lone surrogate).")
