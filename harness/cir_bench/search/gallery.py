"""`Gallery`: the embedded candidates of a search, and `Hit`: what is found among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from PIL import Image

from cir_bench.inference.gallery import Candidates, UnitCandidates
from cir_bench.interfaces.embedding import Embedding
from cir_bench.retrieval.index import rows_by_id
from cir_bench.search.pictures import Picture, Pictures
from cir_bench.search.vectors.approximate import MARGIN, Approximate

REFERENCE = "\0reference"
"""The name of a query's image among the others; no file can have it."""


@dataclass(frozen=True)
class Hit:
    """An image that a search found."""

    image: str
    """Its name: the path of a file as it was given, ``image-N`` for the N-th image (from 0) if it was in memory."""
    score: float
    """Higher is better; scores of different queries cannot be compared."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """N embedded candidates."""

    names: tuple[str, ...]
    digests: tuple[str, ...]
    """Of their contents."""
    candidates: Candidates
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """By name, where the name is not the path of a file: a second stage reads the best candidates again."""
    approximate: Approximate | None = None
    """Chooses candidates of a query; None: all are scored."""

    def same(self, image: Picture) -> tuple[str, ...]:
        """The candidates that are ``image``: the file of that name or, failing that, those of its content."""
        if not isinstance(image, Image.Image) and str(image) in self.digest_of:
            return (str(image),)
        digest = Pictures({REFERENCE: image}).digest(REFERENCE)
        return tuple(self._names_of.get(digest, ()))

    def near(self, query: Embedding, count: int) -> Gallery:
        """The candidates that `approximate` chooses for one query, at least ``count`` if there are as many."""
        assert self.approximate is not None
        assert isinstance(self.candidates, UnitCandidates)
        rows = self.approximate.near(self.candidates.folded(query)[0].cpu().numpy(), count + MARGIN)
        names, digests = (tuple(every[row] for row in rows.tolist()) for every in (self.names, self.digests))
        return Gallery(names, digests, self.candidates.take(torch.from_numpy(rows)), self.pictures)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each name."""
        return rows_by_id(self.names)

    @cached_property
    def again(self) -> dict[str, Picture]:
        """By name, what a second stage reads."""
        return {name: self.pictures.get(name, name) for name in self.names}

    @cached_property
    def digest_of(self) -> Mapping[str, str]:
        """The digests by name."""
        return dict(zip(self.names, self.digests, strict=True))

    @cached_property
    def _names_of(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for name, digest in zip(self.names, self.digests, strict=True):
            found.setdefault(digest, []).append(name)
        return found
