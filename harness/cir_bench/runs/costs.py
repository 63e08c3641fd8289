"""What cells and extractions have cost, from which `plan` predicts (``costs.jsonl`` in the cache). Imports no torch.

A line is added by every cell that is finished and by every extraction, and names the machine that it was measured on.
The file may be deleted at any time; `plan` then knows what the records of ``--out`` say.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from filelock import FileLock
from pydantic import Field, TypeAdapter, ValidationError

from cir_bench.atomic import replacing
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.records.models import RecordModel
from cir_bench.records.record import RunRecord

COSTS_FILE = "costs.jsonl"
MOST_BYTES = 4 << 20
"""Once the file is longer, the older half of it is dropped."""

_LOG = logging.getLogger(__name__)


class Size(RecordModel):
    """How much a cell has to do."""

    examples: int
    """Triplets (or images, or texts) per epoch."""
    queries: int
    gallery: int
    pairs: int
    """Queries times the images that each is compared with."""


class StageCost(RecordModel):
    """A stage of training."""

    asked: int
    """Epochs at most."""
    ran: int
    """Epochs until training was stopped early, or all of them."""
    seconds: float
    """Of an epoch, on average."""


class CellCost(RecordModel):
    """What one finished cell cost: seconds by what they grow with, and memory in MiB."""

    kind: Literal["cell"] = "cell"
    cell: CellKey
    device: str
    precision: str
    threads: int
    settings: str
    """Digest of the method's parameters, but for the numbers of epochs."""
    encoder: str
    """Digest of the encoder's parameters and of whether it was trained."""
    learns_from: str
    limit: int | None = None
    size: Size
    whole: Size | None = None
    """Of the protocol, if the cell was a quick look."""
    batch: int
    stages: tuple[StageCost, ...] = ()
    preparing: float
    embedding: float
    searching: float
    evaluating: float
    device_mib: float
    """Peak on the device; on a CPU, of the process."""
    host_mib: float
    tables_mib: float
    """The part of the peak that was features, which are as many as there are images and texts."""
    finished: str


class ExtractionCost(RecordModel):
    """What it cost to encode images, texts or pairs with a frozen encoder."""

    kind: Literal["extraction"] = "extraction"
    encoder: str
    role: str
    levels: tuple[str, ...]
    device: str
    threads: int
    items: int
    seconds: float


AnyCost = CellCost | ExtractionCost
_COST: TypeAdapter[AnyCost] = TypeAdapter(Annotated[AnyCost, Field(discriminator="kind")])


class CostFile:
    """``costs.jsonl`` in a cache folder; several processes may add to it."""

    def __init__(self, cache_dir: Path) -> None:
        self._path = cache_dir / COSTS_FILE

    def add(self, cost: AnyCost) -> None:
        """Add a line; a cache that cannot be written costs nothing but later predictions."""
        line = cost.model_dump_json().encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(file, line)  # one call, so that lines of several processes do not mix
            finally:
                os.close(file)
            if self._path.stat().st_size > MOST_BYTES:
                self._shorten()
        except OSError as error:
            _LOG.warning("%s cannot be written (%s); plan will not know what this cost", self._path, error.strerror)

    def add_cell(self, record: RunRecord) -> None:
        """Add what a finished cell cost, if its record says it."""
        if (cost := cost_of(record)) is not None:
            self.add(cost)

    def read(self) -> list[AnyCost]:
        """All lines; those that a killed process or another version left are passed over."""
        found = []
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return []
        for line in lines:
            try:
                found.append(_COST.validate_json(line))
            except ValidationError:
                continue
        return found

    def _shorten(self) -> None:
        with FileLock(f"{self._path}.lock"):
            content = self._path.read_bytes()
            if len(content) > MOST_BYTES:
                with replacing(self._path) as temporary:
                    temporary.write_bytes(content[content.index(b"\n", len(content) // 2) + 1 :])


def cost_of(record: RunRecord) -> CellCost | None:
    """What a record says; None if the cell failed, or several processes computed it."""
    environment, dataset, cost = record.environment, record.dataset, record.cost
    if record.status != "done" or environment is None or environment.processes != 1 or dataset is None:
        return None
    phases: dict[str, float] = {}
    for phase in cost.phases:
        phases[phase.name] = phases.get(phase.name, 0.0) + phase.seconds
    method, trained = record.config.get("method", {}), record.encoder is not None and record.encoder.trained
    searching = min(phases.get("ranking", 0.0), cost.query_milliseconds / 1000 * sum(record.n_queries.values()))
    limit = record.limit
    return CellCost(
        cell=record.cell,
        device=environment.device,
        precision=environment.precision,
        threads=environment.threads,
        settings=settings_digest(method, record.weights is not None),
        encoder=encoder_digest(record.config.get("encoder", {}), trained) if record.encoder else "",
        learns_from=dataset.examples,
        limit=None if limit is None else limit.queries,
        size=size_of(dataset.n_train, record.n_queries, record.n_gallery),
        whole=size_of(limit.of_examples, limit.of_queries, limit.of_gallery) if limit and limit.of_queries else None,
        batch=batch_of(method),
        stages=_stages(record, [number for number in epochs_of(method) if number]),
        preparing=phases.get("preparing", 0.0),
        embedding=phases.get("ranking", 0.0) - searching,
        searching=searching,
        evaluating=phases.get("evaluating", 0.0),
        device_mib=cost.peak_memory_mib,
        host_mib=cost.peak_host_memory_mib or cost.peak_memory_mib,
        tables_mib=cost.features_mib,
        finished=record.finished,
    )


def size_of(examples: int, queries: Mapping[str, int], gallery: Mapping[str, int]) -> Size:
    """From numbers by part; those of subsets (``part/subset``) are parts of the others."""
    parts = [part for part in gallery if "/" not in part]
    pairs = sum(queries.get(part, 0) * gallery[part] for part in parts)
    of_queries = sum(queries.get(part, 0) for part in parts)
    return Size(examples=examples, queries=of_queries, gallery=sum(gallery[part] for part in parts), pairs=pairs)


def settings_digest(method: Mapping[str, Any], published_weights: bool) -> str:
    """Of a method's parameters as JSON values, without numbers of epochs."""
    return _digest({"weights": published_weights, "method": _without_epochs(method)})


def encoder_digest(encoder: Mapping[str, Any], trained: bool) -> str:
    """Of an encoder's parameters as JSON values."""
    return _digest({"trained": trained, "encoder": encoder})


def epochs_of(method: Mapping[str, Any]) -> list[int]:
    """Of a method's stages, from its parameters."""
    return [stage["epochs"] for stage in _stage_settings(method)]


def batch_of(method: Mapping[str, Any]) -> int:
    """The largest batch of a method's stages that are trained; 0 if it trains nothing."""
    return max((stage["batch_size"] for stage in _stage_settings(method) if stage["epochs"]), default=0)


def _stage_settings(method: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [value for value in method.values() if isinstance(value, dict) and {"epochs", "batch_size"} <= set(value)]


def _stages(record: RunRecord, asked: list[int]) -> tuple[StageCost, ...]:
    """Stages of the history; as one stage, if they are not the stages that the parameters have."""
    seconds: dict[str, list[float]] = {}
    for epoch in record.history:
        seconds.setdefault(epoch.stage, []).append(epoch.seconds)
    spent = list(seconds.values())
    if spent and len(spent) != len(asked):
        spent, asked = [[*chain.from_iterable(spent)]], [sum(asked)]
    pairs = zip(spent, asked, strict=True) if spent else ()
    return tuple(StageCost(asked=most, ran=len(one), seconds=sum(one) / len(one)) for one, most in pairs)


def _without_epochs(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_epochs(one) for key, one in value.items() if key != "epochs"}
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
