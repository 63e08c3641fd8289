"""The values in a leaderboard: measured, reported by papers, and what tuning cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LeaderboardModel(BaseModel):
    """Base of everything in a leaderboard."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")


class Interval(LeaderboardModel):
    """A 95 % interval by the bootstrap over queries and seeds."""

    low: float
    high: float


class Value(LeaderboardModel):
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


class Reported(LeaderboardModel):
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


class Budget(LeaderboardModel):
    """What tuning a method's parameters cost."""

    trials: int
    epochs: int
    """Of every trial."""

    def __str__(self) -> str:
        return f"{self.trials} × {self.epochs}"
