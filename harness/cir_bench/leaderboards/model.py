"""What a leaderboard is before it becomes text."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf

from cir_bench.records.load import StoredRecord
from cir_bench.records.models import WeightsFacts

LOWER_IS_BETTER = frozenset({"median_rank"})


class _LeaderboardModel(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")


class Interval(_LeaderboardModel):
    """A 95 % interval by the bootstrap over queries and seeds."""

    low: float
    high: float


class Value(_LeaderboardModel):
    """One metric of one row."""

    mean: float
    """Mean over the row's seeds, in percent; a median rank as it is."""
    sd: float | None = None
    """Sample standard deviation over the seeds; None for a single seed."""
    interval: Interval | None = None
    """Of the mean, over queries and seeds; None if the queries are not known, or it is not a mean over queries."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends of the interval; without one, one standard deviation on either side of the mean."""
        if self.interval is not None:
            return self.interval.low, self.interval.high
        return self.mean - (self.sd or 0.0), self.mean + (self.sd or 0.0)


class Reported(_LeaderboardModel):
    """A number that a paper reports under one of our protocols: shown next to the measured one, never ranked."""

    paper: str
    """As it is cited: short name, venue and year."""
    url: str
    table: str = ""
    """Of the paper; empty for a number that is not from a paper's table at hand."""
    found_in: str = ""
    """The repository, and the file in it, that such a number is from."""
    benchmark: str
    protocol: str
    """Our name and version of the protocol it was measured under; empty if it compares with none of ours."""
    method: str
    """Our name of the method; empty if we do not have it."""
    named: str
    """The paper's name of the method."""
    encoder: str
    """What the paper ran it on: our name of the encoder if we have it, otherwise in words."""
    metric: str
    value: float
    """In percent."""
    note: str = ""
    not_comparable: str = ""
    """Why it belongs to none of our protocols; empty if it belongs to one."""
    difference: float | None = None
    """Measured minus reported, in points; None if encoder or data differ, so that they do not compare."""

    def on(self, encoder: str) -> bool:
        """Whether it was measured on that encoder; ``openclip`` uses OpenAI's weights unless others are named."""
        return encoder.removesuffix(":openai") == self.encoder

    @property
    def cited(self) -> str:
        """Paper and table; for a number that is not from the paper itself, the repository as well."""
        return f"{self.paper}, Table {self.table}" if self.table else f"{self.paper}, from {self.found_in}"

    def source(self, encoder: str) -> str:
        """Paper, table and conditions in one sentence, for a row measured on ``encoder``."""
        note = f"; {self.note}" if self.note else ""
        other = "" if self.on(encoder) else "; another encoder than here"
        return f"{self.cited}: {self.named}, on {self.encoder}{note}{other}."


class Budget(_LeaderboardModel):
    """What tuning a method's parameters cost."""

    trials: int
    epochs: int
    """Of every trial."""

    def __str__(self) -> str:
        return f"{self.trials} × {self.epochs}"


class Row(_LeaderboardModel):
    """One method (and variant) over its seeds, or cells of it that did not run."""

    rank: int | None
    """By the headline, among the rows that it is ranked with; None for sentinels and for cells that did not run."""
    label: str = ""
    """A letter for each row that ran, unique in the section: its name in CSV and JSON."""
    group: int | None = None
    """Place of its tie group; None for sentinels, for cells that did not run, and if the queries are not known."""
    beats: tuple[str, ...] = ()
    """Labels of the rows that it beats by the headline."""
    method: str
    variant: str
    encoder: str
    kind: Literal["method", "baseline", "sentinel", "failed"]
    seeds: tuple[int, ...]
    tuning: Budget | None = None
    """How its parameters were tuned; None: not at all. Rows of several budgets are not ranked with each other."""
    metrics: dict[str, Value] = {}
    parameters: int = 0
    """Learned numbers of the method, without the encoder."""
    trained_parameters: int = 0
    """Numbers changed by training, the encoder's included if it is trained."""
    train_seconds: float = 0.0
    """Mean over the seeds."""
    query_milliseconds: float = 0.0
    """Mean over the seeds: composing and searching, per query, with features at hand."""
    peak_memory_mib: float = 0.0
    """Largest over the seeds: of the process, or of the device if it is a GPU."""
    places: tuple[str, ...] = ()
    """Where its cells ran, some of the section's `places`: cost compares only between rows of one place."""
    plugin: str = ""
    """Distribution and version that the method is from; empty for cir-bench's own."""
    cells: tuple[InstanceOf[StoredRecord], ...] = Field(default=(), exclude=True)
    """The finished records behind the row, in the order of the seeds; not part of the JSON."""
    badge: Literal["", "re-scored", "reproduced", "claimed"] = ""
    """See `cir_bench.leaderboards.reproduced`; empty for cells that did not run."""
    weights: WeightsFacts | None = None
    """The published weights that it was evaluated with, without being trained; None: there were none."""
    training_data: tuple[str, ...] = ()
    """What its records declare: data that the method or its encoder was trained on."""
    seen: tuple[str, ...] = ()
    """Those of the benchmark's own data set, for a row that was not trained on triplets: it is not zero-shot."""
    reported: tuple[Reported, ...] = ()
    remarks: tuple[str, ...] = ()
    """Sentences for the row's last column; of a failed row: why it did not run."""

    @property
    def name(self) -> str:
        """Method, with what was changed of it in brackets."""
        return f"{self.method} ({self.variant})" if self.variant else self.method

    @property
    def remark(self) -> str:
        """All remarks in one entry of a table."""
        return ("did not run: " if self.kind == "failed" else "") + "; ".join(self.remarks)


class Comparison(_LeaderboardModel):
    """Two rows of a section, compared by the headline. Null hypotheses: see `cir_bench.statistics.randomisation`."""

    first: str
    """Label of the row that is higher in the table."""
    second: str
    difference: float
    """First minus second, in points."""
    interval: Interval
    """Of the difference, by the paired bootstrap over queries and seeds."""
    p_queries: float
    """Of the paired randomisation test over queries."""
    p_holm: float
    """The same after Holm's correction over all pairs of the section."""
    p_seeds: float
    """Of the test that also accounts for the variation between seeds, not corrected."""
    p: float
    """What decides: the larger of the last two."""
    wins: int
    """Queries on which the first row is better, by its mean over seeds."""
    ties: int
    losses: int


class EncoderUse(_LeaderboardModel):
    """How the cells of a section got their features."""

    name: str
    plugin: str
    """Distribution and version."""
    weights: str
    """Digest; empty if the rows' digests differ."""
    dtype: str
    preprocess: str
    trained: bool
    pixel_free: bool


class Section(_LeaderboardModel):
    """What may be ranked together: one benchmark, protocol and data, one track, and in `controlled` one encoder."""

    title: str
    """Unique: benchmark, protocol, track, encoder, and what `apart` says."""
    apart: tuple[str, ...] = ()
    """What tells the section from others of the same name: ``data c5f97104``; empty if it is the only one."""
    benchmark: str
    protocol: str
    """Name and version."""
    protocol_hash: str
    """Empty if no cell of the section came far enough to know it."""
    description: str
    track: Literal["controlled", "paper"]
    encoders: tuple[EncoderUse, ...]
    reference: Literal["kept", "removed"] | None
    gallery: str
    query_text: str
    n_queries: dict[str, int]
    n_gallery: dict[str, int]
    n_train: int
    """Triplets trained on, without held-out ones; 0 if no row is trained."""
    synthetic: bool
    missing_images: int
    """Of the evaluation; more than 0: every number of the section is partial."""
    missing_triplets: int
    """Training triplets left out because an image is missing; more than 0: the trained rows are partial."""
    problems: tuple[str, ...] = ()
    """What is wrong with the annotations, one sentence each; the rows that it concerns are partial."""
    dataset_plugin: str
    """Distribution and version that the data set is from; empty for cir-bench's own."""
    known_protocol: bool
    """Whether the protocol is one that this cir-bench knows by name, so that its hash could be checked."""
    claimed: bool = False
    """Whether the numbers could not be computed again from the results of queries: no row has a rank."""
    seeds: tuple[int, ...]
    headline: str
    headline_of: tuple[str, ...] = ()
    """The metrics that the headline is the mean of; empty if the queries are not known."""
    columns: tuple[str, ...]
    """All metrics, the headline first; a table may leave out some of them."""
    places: tuple[str, ...]
    """Where the cells ran, for the times."""
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...] = ()
    """Every pair of compared rows, best first."""
    budgets: tuple[Budget | None, ...] = ()
    """Of the rows that learn, the largest first, None: not tuned. Rows of different ones are not compared."""


class Leaderboard(_LeaderboardModel):
    """All sections, in a stable order."""

    sections: tuple[Section, ...]
    left_out: tuple[str, ...] = ()
    """A sentence for each damaged record."""
