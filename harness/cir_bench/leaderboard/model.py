"""What a leaderboard is, before it becomes text."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")


class Value(_Model):
    """One metric of one row."""

    mean: float
    """Mean over the row's seeds: in percent; a median rank as it is."""
    sd: float | None = None
    """Sample standard deviation over the seeds; None for a single seed."""


class Reported(_Model):
    """A number that a paper reports under one of our protocols: shown beside the measured one, never ranked."""

    paper: str
    table: str
    benchmark: str
    protocol: str
    """Our name and version of the protocol it was measured under."""
    method: str
    """Our name of the method."""
    named: str
    """The paper's name of the method."""
    encoder: str
    """What the paper ran it on: our name of the encoder where there is one, else words."""
    metric: str
    value: float
    """In percent."""
    note: str = ""

    @property
    def source(self) -> tuple[str, ...]:
        """What numbers of one method in one table share."""
        return (self.paper, self.table, self.named, self.encoder, self.note)


class Row(_Model):
    """One method (and variant) over its seeds, or cells of it that did not run."""

    rank: int | None
    """By the headline; None for sentinels and for cells that did not run."""
    method: str
    variant: str
    encoder: str
    kind: Literal["method", "baseline", "sentinel", "failed"]
    seeds: tuple[int, ...]
    metrics: dict[str, Value] = {}
    parameters: int = 0
    """Learned numbers of the method, without the encoder."""
    trained_parameters: int = 0
    """Numbers changed by training, the encoder's included when it is trained."""
    train_seconds: float = 0.0
    """Mean over the seeds."""
    query_milliseconds: float = 0.0
    """Mean over the seeds: composing and searching, per query, features given."""
    reported: tuple[Reported, ...] = ()
    remarks: tuple[str, ...] = ()
    """Sentences for the row's last column; of a failed row: why."""


class EncoderUse(_Model):
    """How the cells of a section got their features."""

    name: str
    plugin: str
    """Distribution and version."""
    weights: str
    """Digest; empty where the rows' digests differ."""
    dtype: str
    preprocess: str
    trained: bool
    pixel_free: bool


class Section(_Model):
    """What may be ranked together: one benchmark, protocol and data, one track, and in `controlled` one encoder."""

    title: str
    benchmark: str
    protocol: str
    """Name and version."""
    protocol_hash: str
    """Empty when no cell of the section came far enough to know it."""
    description: str
    track: Literal["controlled", "paper"]
    encoders: tuple[EncoderUse, ...]
    reference: Literal["kept", "removed"] | None
    gallery: str
    query_text: str
    n_queries: dict[str, int]
    n_gallery: dict[str, int]
    n_train: int
    """Triplets trained on, held-out ones not counted; 0 when no row is trained."""
    synthetic: bool
    missing_images: int
    """Of the evaluation; more than 0: every number of the section is partial."""
    missing_triplets: int
    """Of training, left out because an image is missing; more than 0: the trained rows are partial."""
    seeds: tuple[int, ...]
    headline: str
    columns: tuple[str, ...]
    """Metrics in the order of the table, the headline first."""
    places: tuple[str, ...]
    """Where the cells ran, for the times."""
    rows: tuple[Row, ...]


class Leaderboard(_Model):
    """All sections, in a stable order."""

    sections: tuple[Section, ...]
    left_out: tuple[str, ...] = ()
    """A sentence for each damaged record."""
