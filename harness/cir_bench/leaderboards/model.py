"""What a leaderboard is before it becomes text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, InstanceOf

from cir_bench.leaderboards.values import Budget, Interval, LeaderboardModel, Reported, Value
from cir_bench.records.load import StoredRecord
from cir_bench.records.models import WeightsFacts


class Row(LeaderboardModel):
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
    metrics: dict[str, Value] = Field(default_factory=dict)
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
    """Where its cells ran: cost compares only between rows of one place."""
    plugin: str = ""
    """Distribution and version that the method is from; empty for cir-bench's own."""
    cells: tuple[InstanceOf[StoredRecord], ...] = Field(default=(), exclude=True)
    """The finished records behind the row, in the order of the seeds; not part of the JSON."""
    badge: Literal["", "re-scored", "reproduced", "claimed"] = ""
    """See `cir_bench.leaderboards.reproduced`; empty for cells that did not run."""
    decoders: tuple[str, ...] = ()
    """What decoded JPEG files of its features, but for Pillow."""
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


class Comparison(LeaderboardModel):
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


class EncoderUse(LeaderboardModel):
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


class Section(LeaderboardModel):
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
    limit: int = 0
    """Number of queries of a quick look, which has no ranks and no comparisons; 0: all queries were asked."""
    seeds: tuple[int, ...]
    headline: str
    headline_of: tuple[str, ...] = ()
    """The metrics that the headline is the mean of; empty if the queries are not known."""
    columns: tuple[str, ...]
    """All metrics, the headline first; a table may leave out some of them."""
    places: tuple[str, ...]
    """Where the cells ran, for the times; without sentinels, which have none."""
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...] = ()
    """Every pair of compared rows, best first."""
    budgets: tuple[Budget | None, ...] = ()
    """Of the rows that learn, the largest first, None: not tuned. Rows of different ones are not compared."""

    @property
    def ranked(self) -> bool:
        """Whether its rows have places."""
        return not self.claimed and not self.limit


class Leaderboard(LeaderboardModel):
    """All sections, in a stable order."""

    sections: tuple[Section, ...]
    left_out: tuple[str, ...] = ()
    """A sentence for each damaged record."""
