"""What the API is asked and what it answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cir_bench.search.vectors.recall import ApproximateSearch

MOST_RESULTS = 200
MOST_CHARACTERS = 1000
MOST_SHOWN = 100
"""Images of one judgement that are copied."""
Id = Annotated[str, Field(min_length=1, max_length=64, pattern="^[a-z0-9-]+$")]
SearchText = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SearchRequest(Strict):
    """A query: an image of an index or an upload, and how the wanted image differs from it."""

    image: Id
    text: SearchText
    k: int = Field(20, ge=1, le=MOST_RESULTS)


class ExplainRequest(Strict):
    """A query to one of the indexes, counted from 0."""

    image: Id
    text: SearchText
    index: int = Field(0, ge=0)


class FeedbackRequest(Strict):
    """A result that was right, or (``right: false``) is not any more."""

    reference: Id
    text: SearchText
    target: Id
    shown: list[Id] = Field(default_factory=list, max_length=MOST_SHOWN)
    """The other results; they become candidates of the benchmark."""
    right: bool = True


class ImageAnswer(Strict):
    """An image; its pictures are ``/thumb/ID`` and ``/image/ID``."""

    id: str
    name: str
    """Its path below the indexed folder; of an upload, nothing."""


class HitAnswer(ImageAnswer):
    """An image that was found."""

    score: float
    """Higher is better; scores of different queries or methods cannot be compared."""


class NeighbourAnswer(ImageAnswer):
    """An image that a query was refined by."""

    weight: float


class WeightAnswer(Strict):
    """A number between 0 and 1, and what it is of."""

    name: str
    weight: float


class ExplanationAnswer(Strict):
    """One thing that a method shows of how a query came about: a map, neighbours or named weights."""

    title: str
    note: str
    """How it is read; may be empty."""
    map: list[list[float]] | None = None
    """Rows from the top, over the whole reference image, relative to the largest value."""
    neighbours: list[NeighbourAnswer] = Field(default_factory=list)
    """The heaviest first."""
    weights: list[WeightAnswer] = Field(default_factory=list)


class ExplainAnswer(Strict):
    """What the method of one index shows; nothing, if it has nothing to show."""

    label: str
    explanations: list[ExplanationAnswer]


class IndexAnswer(Strict):
    """An index that is served."""

    label: str
    method: str
    encoder: str
    benchmark: str
    images: int
    reads: str = ""
    """What a text is taken for, in a sentence; empty: for a modification text."""
    explains: bool = False
    """Whether the method shows how a query came about."""
    approximate: ApproximateSearch | None = None
    """How it is searched, and what that finds; None: every image is scored."""


class InfoAnswer(Strict):
    """What is served."""

    version: str
    indexes: list[IndexAnswer]
    most_bytes: int
    """Of an upload."""
    triplets: int
    """In the feedback so far."""


class ImagesAnswer(Strict):
    """Some images by name, and how many there are."""

    images: list[ImageAnswer]
    total: int


class RankingAnswer(Strict):
    """What one index found."""

    label: str
    hits: list[HitAnswer]
    milliseconds: float


class SearchAnswer(Strict):
    """What each index found, in their order."""

    rankings: list[RankingAnswer]


class FeedbackAnswer(Strict):
    """How many triplets the feedback has now."""

    triplets: int


class ErrorAnswer(Strict):
    """What was wrong, in a sentence."""

    error: str
