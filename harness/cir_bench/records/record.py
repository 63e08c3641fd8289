"""`RunRecord`: everything known about one finished or failed cell, as one JSON file. Imports no torch.

Next to ``record.json`` are the target ranks and best 50 images of every query (`cir_bench.records.rankings`) and,
unless the targets are hidden, ``queries.json.gz``: the few KB from which every metric, interval and test is computed
(`cir_bench.records.queries`).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from cir_bench.atomic import replacing
from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import DataError
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.records import models
from cir_bench.records.cost import Cost, Environment
from cir_bench.seals import check_json, seal_json

RECORD_FILE = "record.json"
MOST_BYTES = 16 * MIB
MOST_MISTAKES = 3
"""How many mistakes of a record are named."""


class RunRecord(models.RecordModel):
    """One cell."""

    schema_version: Literal[1] = 1
    status: Literal["done", "failed"]
    cell: CellKey
    ingredients: dict[str, str] = Field(default_factory=dict)
    """Everything the numbers depend on, by name; a difference makes the cell stale."""
    config: dict[str, Any] = Field(default_factory=dict)
    """Resolved parameters of method, encoder and data set."""
    method: models.MethodFacts | None = None
    encoder: models.EncoderFacts | None = None
    dataset: models.DatasetFacts | None = None
    protocol: models.ProtocolFacts | None = None
    training_data: tuple[str, ...] = ()
    """What was trained on, as far as it is declared: ``fashioniq/train`` if the cell learned, the data set whose
    descriptions it borrowed, and what the specs of its encoder and method say."""
    n_queries: dict[str, int] = Field(default_factory=dict)
    """By part; one key ``""`` when there are no parts."""
    n_gallery: dict[str, int] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    """In percent; keys such as ``dress/R@10``, ``mean/R@50``, ``R@1``."""
    limit: models.LimitFacts | None = None
    """None: all queries were asked, against the whole gallery."""
    hidden: bool = False
    """Whether the targets are not public: the cell has rankings for the test server, and no metrics."""
    headline: str = ""
    """The key in ``metrics`` by which a leaderboard is sorted."""
    rankings: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of the files in ``rankings/``, by name."""
    tags: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Metrics by tag of the query; ``n`` counts the queries."""
    history: tuple[models.EpochLog, ...] = ()
    selection: models.SelectionFacts | None = None
    tuning: models.TuningFacts | None = None
    """None: the parameters are those of the method, the benchmark and the user."""
    weights: models.WeightsFacts | None = None
    """None: the method's weights are those of the cell's own training."""
    artefact: models.ArtefactFacts | None = None
    """None: the method read the modification texts themselves."""
    rerank: models.RerankFacts | None = None
    """None: the method has no second stage."""
    cost: Cost = Cost()
    environment: Environment | None = None
    warnings: tuple[str, ...] = ()
    failure: models.Failure | None = None
    finished: str = ""
    """ISO 8601, UTC."""

    @property
    def partial(self) -> bool:
        """Whether images were missing, or the annotations are not what the protocol expects."""
        facts = self.dataset
        return facts is not None and bool(facts.missing_images or facts.missing_triplets or facts.problems)


def write_record(record: RunRecord, folder: Path) -> Path:
    """Write ``record.json`` into ``folder``, whole or not at all, and return its path.

    Its last key is the digest of the others (`cir_bench.seals`), by which a damaged record is recognised.
    """
    path = folder / RECORD_FILE
    content = seal_json(record.model_dump_json())
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_record(path: Path) -> RunRecord:
    """Read a record; `DataError` naming the file and the mistakes if it is not one."""
    try:
        content = read_bounded(path, MOST_BYTES)
        parsed = parse_json(content)
        record = RunRecord.model_validate_json(content)
        _check_numbers(record)
        check_json(parsed)
    except (OSError, ValueError) as error:  # a wrong encoding or a ValidationError is a ValueError
        reason = mistakes_of(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise DataError(f"{path} is not a readable run record ({reason}); delete it and run the cell again.") from error
    return record


def mistakes_of(error: ValidationError) -> str:
    """Where a record is not as `RunRecord` says, and why; of many mistakes the first."""
    found = error.errors(include_url=False, include_context=False)
    sentences = [
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"] for one in found[:MOST_MISTAKES]
    ]
    more = [f"and {len(found) - MOST_MISTAKES} more"] if len(found) > MOST_MISTAKES else []
    return "; ".join(sentences + more)


def _check_numbers(record: RunRecord) -> None:
    """A finished cell has its headline, and no metric is NaN; otherwise the record was edited or damaged."""
    if record.status == "done" and not record.hidden and record.headline not in record.metrics:
        raise ValueError(f"it is of a finished cell, but has no metric {record.headline!r}")
    for name, value in record.metrics.items():
        if math.isnan(value):
            raise ValueError(f"its metric {name} is NaN")
