"""`Protocol`: every convention of an evaluation that can change a number, as one frozen, hashed value."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cir_bench.errors import ConfigError
from cir_bench.evaluation.metrics import parse_metrics
from cir_bench.evaluation.relevance import Relevance
from cir_bench.params.models import AddedLater, Params, numbers_depend_on
from cir_bench.protocols.mbeir import MBEIR
from cir_bench.protocols.templates import Templates
from cir_bench.retrieval.ranking import CandidateSet

HASH_VERSION = 1
"""To be raised when the same fields come to mean other texts, galleries or exclusions; it changes every hash."""


class TextForm(Params):
    """How captions are written before a text encoder reads them. Applied in the order of the fields."""

    punctuation: Literal["keep", "space"] = "keep"
    """space: every punctuation character becomes a space, and runs of spaces one (TG-CIR)."""
    spelling: str = ""
    """Name of a dictionary of the data set, wrong word to right word, applied word by word; empty: none."""
    strip: str = ""
    """Characters stripped from both ends of every caption, with white space; CLIP4Cir: ``".?, "``."""
    separator: str = " and "
    """Between the captions of a joined text; an empty caption adds none."""
    capitalise: bool = False
    """Whether the first letter of the whole text becomes a capital."""


class Headline(Params):
    """The one number by which a leaderboard is sorted."""

    name: str
    """Its key in the record; if it is a metric, that metric's key."""
    mean_of: Annotated[tuple[str, ...], Field(min_length=1)]
    """Keys such as ``mean/R@10`` (or ``R@1`` without parts), averaged."""


class Expected(Params):
    """Facts about complete data under the protocol, compared with the data at hand and not hashed.

    `cir-bench data verify` says what differs, and a run on other data is partial.
    """

    n_train: int | None = None
    """Training triplets, over all parts."""
    n_queries: dict[str, int] = Field(default_factory=dict)
    """By part (``""`` without parts), after the captions became queries."""
    n_gallery: dict[str, int] = Field(default_factory=dict)
    """By part."""
    captions: int | None = None
    """Of every annotated query and training triplet."""
    n_repeated: dict[str, int] = Field(default_factory=dict)
    """By part, queries that have reference, text and targets of another one; 0 by default."""
    n_never_hit: dict[str, int] = Field(default_factory=dict)
    """By part, queries whose only target is their excluded reference; 0 by default."""
    chance: dict[str, float] = Field(default_factory=dict)
    """``part/R@K`` of a random ranking, in percent, to three significant digits."""


class Protocol(Params):
    """One way to evaluate a data set. Numbers of two protocols are never ranked together.

    `ConfigError` if a metric does not exist.
    """

    description: str = ""
    """Who evaluates this way; not part of the hash."""
    split: str = "val"
    """The split whose queries are asked; data sets name their own (folder: ``auto`` is val, or the only one)."""
    gallery: Literal["split", "union"] = "split"
    """split: the data set's official candidate list. union: references and targets of the part's queries."""
    reference: Literal["kept", "removed"]
    """Whether the reference image is among its query's candidates; removed by id, before any ranking."""
    query_text: Literal["single", "joined", "each", "both-orders", "mean-of-orders"] = "joined"
    """single: the query has one caption. joined: its captions in one text. each: every caption is a query of its own
    (``dress-0-a``, ``dress-0-b``), empty ones dropped. both-orders: two queries, the captions joined forwards (``-a``)
    and backwards (``-b``). mean-of-orders: one query, the mean of these two texts' embeddings."""
    train_text: Literal["joined", "each", "clip4cir-four"] = "joined"
    """Texts of a training triplet, one drawn per epoch. each: one of its captions. clip4cir-four: "C1 and c2",
    "C2 and c1", "C1" or "C2", each with probability 1/4 (CLIP4Cir)."""
    text: TextForm = TextForm()
    templates: Annotated[Templates, AddedLater()] = Templates()
    """Of query texts alone; texts of training triplets are as annotated."""
    mbeir: Annotated[MBEIR | None, AddedLater()] = None
    """Queries, positives and gallery as M-BEIR takes them from this data set; ``gallery`` is then ``split``."""
    metrics: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names such as ``R@10``; for a data set with parts each is measured per part, and averaged over the parts."""
    headline: Headline
    expected: Expected = Expected()

    @field_validator("metrics")
    @classmethod
    def _metrics_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            parse_metrics(names)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return names

    @model_validator(mode="after")
    def _headline_is_measured(self) -> Protocol:
        for key in self.headline.mean_of:
            if key.rpartition("/")[2] not in self.metrics:
                raise ValueError(f"the headline averages {key!r}, which is not among the metrics")
        return self

    @property
    def subset(self) -> bool:
        """Whether some metric ranks each query's own few candidates (CIRR's R_subset)."""
        return any(metric.family.candidates is CandidateSet.SUBSET for metric in parse_metrics(self.metrics))

    def uses(self, relevance: Relevance) -> bool:
        """Whether some metric counts these images as relevant (graded ones, the first target alone)."""
        return any(metric.family.relevance is relevance for metric in parse_metrics(self.metrics))

    def depth(self, candidates: CandidateSet = CandidateSet.GALLERY) -> int:
        """How many candidates the metrics of a ranking look at: the largest cut-off; all, if one has none."""
        metrics = [metric for metric in parse_metrics(self.metrics) if metric.family.candidates is candidates]
        return max((metric.k if metric.family.has_k else sys.maxsize for metric in metrics), default=0)

    def hash(self) -> str:
        """Hex sha256 over all fields that can change a number: everything but description and expected facts."""
        fields = numbers_depend_on(self)
        del fields["description"], fields["expected"]
        canonical = json.dumps({"hash_version": HASH_VERSION, **fields}, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()
