"""The files of PinPoint: read and checked; errors name file and row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from cir_bench import DataError
from cir_bench.utils import missing_file, read_bounded

SOURCE = "https://github.com/pinterest/pinpoint-dataset"
NO_IMAGE = "None"
"""What ``query_image_signature2`` says where there is no second image: a string."""
COLUMNS = (
    "query_id",
    "query_image_signature",
    "query_image_signature2",
    "instruction",
    "positive_candidates",
    "negative_candidates",
    "query_category",
    "length_category",
)
MOST_BYTES = 64 * 2**20
SIGNATURE = re.compile(r"[0-9a-f]{8,64}")
"""Of an image: its id."""


@dataclass(frozen=True)
class PinPointRecord:
    """One row. Repetitions in its lists are left out, as are null negatives."""

    id: str
    references: tuple[str, ...]
    """One image, or two."""
    text: str
    positives: tuple[str, ...]
    negatives: tuple[str, ...]
    tags: tuple[str, ...]


def read_queries(path: Path) -> list[PinPointRecord]:
    """All rows, in the file's order; `DataError` if the file is missing or none, or a row is not as it should be."""
    if not path.is_file():
        raise DataError(f"{missing_file(path, f'copy it from {SOURCE}')}.")
    try:
        columns = pyarrow.parquet.read_schema(path).names
        lacking = [name for name in COLUMNS if name not in columns]
        if lacking:
            raise DataError(f"{path} lacks the column {lacking[0]!r}; copy it again from {SOURCE}.")
        rows = pyarrow.parquet.read_table(path, columns=list(COLUMNS)).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read as parquet ({error}); copy it again from {SOURCE}.") from error
    records = [_record(f"{path}, row {place}", row) for place, row in enumerate(rows)]
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise DataError(f"{path} has the query_id {record.id} more than once; copy it again.")
        seen.add(record.id)
    return records


def read_gallery(path: Path) -> list[str]:
    """The signatures, one a line; `DataError` for a line that is none, or a repeated one."""
    if not path.is_file():
        raise DataError(f"{missing_file(path, f'copy it from {SOURCE}')}.")
    try:
        images = read_bounded(path, MOST_BYTES).decode("utf-8-sig").split()
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    for number, image in enumerate(images, start=1):
        _signature(f"{path}, line {number}", "it", image)
    if len(set(images)) != len(images):
        raise DataError(f"{path} lists an image more than once; copy it again.")
    return images


def _record(where: str, row: dict[str, Any]) -> PinPointRecord:
    second = row["query_image_signature2"]
    references = [_signature(where, "'query_image_signature'", row["query_image_signature"])]
    if second not in (None, NO_IMAGE):
        references.append(_signature(where, "'query_image_signature2'", second))
    positives = _signatures(where, "positive_candidates", row["positive_candidates"])
    if not positives:
        raise DataError(f"{where}: 'positive_candidates' is empty.")
    return PinPointRecord(
        id=_text(where, "query_id", row["query_id"]),
        references=tuple(dict.fromkeys(references)),
        text=_text(where, "instruction", row["instruction"]),
        positives=positives,
        negatives=_signatures(where, "negative_candidates", row["negative_candidates"], nulls=True),
        tags=(
            _text(where, "query_category", row["query_category"]),
            f"{_text(where, 'length_category', row['length_category'])} text",
            *(["two images"] if len(references) > 1 else []),
        ),
    )


def _text(where: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: {key!r} must be a text, not {value!r:.60}.")
    return value


def _signatures(where: str, key: str, value: Any, *, nulls: bool = False) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DataError(f"{where}: {key!r} must be a list, not {value!r:.60}.")
    named = [one for one in value if not (nulls and one is None)]
    return tuple(dict.fromkeys(_signature(where, f"an image of {key!r}", one) for one in named))


def _signature(where: str, what: str, value: Any) -> str:
    if not isinstance(value, str) or not SIGNATURE.fullmatch(value):
        raise DataError(f"{where}: {what} must be a signature of hex digits, not {value!r:.60}.")
    return value
