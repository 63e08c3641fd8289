"""What a cell cost, and where it ran. Times are in seconds unless the name says otherwise, memory in MiB."""

from __future__ import annotations

from pydantic import Field

from cir_bench.records.models import RecordModel


class Phase(RecordModel):
    """A phase and its wall-clock time."""

    name: str
    seconds: float


class Cost(RecordModel):
    """What the cell cost, on ``Environment.device``."""

    phases: tuple[Phase, ...] = ()
    train_seconds: float = 0.0
    query_milliseconds: float = 0.0
    """Composing and searching, per query, with features given."""
    peak_memory_mib: float = 0.0
    """Of the process, or of the device when it is a GPU."""
    peak_host_memory_mib: float = 0.0
    """Of the process; 0 if it was not measured."""
    features_mib: float = 0.0
    """Cached features that were kept in memory, on the device, when the cell ended."""
    batches: dict[str, int] = Field(default_factory=dict)
    """The largest of each kind: image, text and pair, where the cell extracted features; gallery; queries."""


class Environment(RecordModel):
    """Where the cell ran."""

    cir_bench: str
    python: str
    torch: str
    platform: str
    device: str
    precision: str
    threads: int
    processes: int = 1
    """That computed the cell together (``torchrun``), each with so many threads."""
