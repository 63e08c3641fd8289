"""`RunRecord`: everything known about one finished or failed cell, as one JSON file. Imports no torch.

Next to ``record.json`` are the target ranks and best 50 images of every query (`cir_bench.records.rankings`) and,
unless the targets are hidden, ``queries.json.gz``: the few KB from which every metric, interval and test is computed
(`cir_bench.records.queries`).
Percentages are in percent, times in seconds unless the name says otherwise, memory in MiB.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cir_bench.atomic import replacing
from cir_bench.errors import DataError
from cir_bench.interfaces.cell_key import CellKey

SCHEMA_VERSION = 1
RECORD_FILE = "record.json"
MOST_MISTAKES = 3
"""How many mistakes of a record are named."""


class _Model(BaseModel):
    """Records of newer minor versions may carry more keys; they are kept out of the way, not refused.

    A median rank may be infinite: JSON has no such number, so it is written as a text, which is read back as a float.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="strings")


class PluginFacts(_Model):
    """Where an object comes from."""

    distribution: str
    version: str
    object_version: str
    """The spec's own version."""


class MethodFacts(_Model):
    """The method."""

    kind: Literal["method", "baseline", "sentinel"]
    summary: str
    plugin: PluginFacts
    parameters: int = 0
    """Learned numbers of the method, without the encoder."""
    trained_parameters: int = 0
    """Numbers changed by training, the encoder's included when it is trained."""


class EncoderFacts(_Model):
    """The encoder."""

    plugin: PluginFacts
    weights_digest: str = ""
    preprocess: str = ""
    dtype: str = "float32"
    trained: bool = False
    """True when the cell trained the encoder; false: frozen features."""
    pretrained: bool = True
    """False when its weights are drawn from the cell's seed, so that digests differ between seeds by nature."""
    pixel_free: bool = False


class DatasetFacts(_Model):
    """The data."""

    name: str
    plugin: PluginFacts
    synthetic: bool = False
    licence: str = "unknown"
    missing_images: int = 0
    """More than 0: the run is *partial*."""
    missing_triplets: int = 0
    """Training triplets left out because an image is missing."""
    n_train: int = 0
    provenance: dict[str, str] = Field(default_factory=dict)


class ProtocolFacts(_Model):
    """The protocol in short; the whole of it is behind its hash."""

    hash: str
    reference: Literal["kept", "removed"]
    gallery: str
    query_text: str
    description: str = ""


class EpochLog(_Model):
    """One epoch of one stage."""

    stage: str
    epoch: int
    terms: dict[str, float]
    """Mean of each loss term over the epoch."""
    selection: float | None = None
    """The held-out score in percent, where one was taken after this epoch."""
    seconds: float
    images_per_second: float = 0.0


class SelectionFacts(_Model):
    """How the checkpoint was chosen."""

    on: Literal["held-out", "last", "test", "nothing to train"]
    metric: str = ""
    n_queries: int = 0
    n_gallery: int = 0
    epoch: int | None = None
    """Epochs finished in the last stage when the chosen checkpoint was taken."""
    score: float | None = None


class Phase(_Model):
    """A phase and its wall-clock time."""

    name: str
    seconds: float


class Cost(_Model):
    """What the cell cost, on ``Environment.device``."""

    phases: tuple[Phase, ...] = ()
    train_seconds: float = 0.0
    query_milliseconds: float = 0.0
    """Composing and searching, per query, features given."""
    peak_memory_mib: float = 0.0
    """Of the process, or of the device when it is a GPU."""


class Environment(_Model):
    """Where the cell ran."""

    cir_bench: str
    python: str
    torch: str
    platform: str
    device: str
    precision: str
    threads: int


class Failure(_Model):
    """Why a cell did not run."""

    plugin: str
    version: str
    stage: str
    exception: str
    hint: str = ""


class RunRecord(_Model):
    """One cell."""

    schema_version: Literal[1] = 1
    status: Literal["done", "failed"]
    cell: CellKey
    ingredients: dict[str, str] = Field(default_factory=dict)
    """Everything the numbers depend on, by name; a difference makes the cell stale."""
    config: dict[str, Any] = Field(default_factory=dict)
    """Resolved parameters of method, encoder and data set."""
    method: MethodFacts | None = None
    encoder: EncoderFacts | None = None
    dataset: DatasetFacts | None = None
    protocol: ProtocolFacts | None = None
    n_queries: dict[str, int] = Field(default_factory=dict)
    """By part; one key ``""`` when there are no parts."""
    n_gallery: dict[str, int] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    """In percent; keys such as ``dress/R@10``, ``mean/R@50``, ``R@1``."""
    hidden: bool = False
    """Whether the targets are not public: the cell has rankings for the test server, and no metrics."""
    headline: str = ""
    """The key in ``metrics`` by which a leaderboard is sorted."""
    tags: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Metrics by tag of the query; ``n`` counts the queries."""
    history: tuple[EpochLog, ...] = ()
    selection: SelectionFacts | None = None
    cost: Cost = Cost()
    environment: Environment | None = None
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    finished: str = ""
    """ISO 8601, UTC."""

    @property
    def partial(self) -> bool:
        """Whether the gallery or the train images were incomplete."""
        facts = self.dataset
        return facts is not None and facts.missing_images + facts.missing_triplets > 0


def write_record(record: RunRecord, folder: Path) -> Path:
    """Write ``record.json`` into ``folder``, whole or not at all, and return its path."""
    path = folder / RECORD_FILE
    with replacing(path) as temporary:
        temporary.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def read_record(path: Path) -> RunRecord:
    """Read a record; `DataError` naming the file when it is none."""
    try:
        record = RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
        _check_numbers(record)
    except ValidationError as error:
        reason = _mistakes(error)
        raise DataError(f"{path} is not a readable run record ({reason}); delete it and run the cell again.") from error
    except (OSError, ValueError) as error:  # a wrong encoding is a ValueError
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is not a readable run record ({reason}); delete it and run the cell again.") from error
    return record


def _mistakes(error: ValidationError) -> str:
    """Where a record is not what `RunRecord` says, and why; of many mistakes the first."""
    found = error.errors(include_url=False, include_context=False)
    said = "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"] for one in found[:MOST_MISTAKES]
    )
    return said if len(found) <= MOST_MISTAKES else f"{said}; and {len(found) - MOST_MISTAKES} more"


def _check_numbers(record: RunRecord) -> None:
    """A finished cell has its headline, and no metric of it is NaN: such a record was edited or damaged."""
    if record.status == "done" and not record.hidden and record.headline not in record.metrics:
        raise ValueError(f"it is of a finished cell, but has no metric {record.headline!r}")
    for name, value in record.metrics.items():
        if math.isnan(value):
            raise ValueError(f"its metric {name} is NaN")
