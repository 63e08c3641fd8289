"""Rows into parquet files, in groups: memory holds one group of rows, whatever the size of the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.data.tables import ParquetRow

if TYPE_CHECKING:
    from datasets import Features

GROUP_ROWS = 1000
GROUP_BYTES = 32 * 2**20
"""Rows, or bytes of images, after which a row group is written."""
SHARD_BYTES = 500 * 2**20
"""Bytes of images after which the next file begins, as Hugging Face's hub recommends."""


def write_shards(rows: Iterable[ParquetRow], features: Features, folder: Path, name: str) -> int:
    """Write ``folder/name-00000.parquet`` and so on; returns the number of rows (0: no file is written).

    The columns' types are written into the files, so that `datasets` recognises a column of images.
    """
    from pyarrow import Table
    from pyarrow.parquet import ParquetWriter

    schema = features.arrow_schema
    writer: ParquetWriter | None = None
    count = shard_bytes = shard = 0
    try:
        for group, group_bytes in _groups(rows):
            if writer is None:
                folder.mkdir(parents=True, exist_ok=True)
                writer = ParquetWriter(folder / f"{name}-{shard:05d}.parquet", schema)
            writer.write_table(Table.from_pylist(group, schema=schema))
            count += len(group)
            shard_bytes += group_bytes
            if shard_bytes >= SHARD_BYTES:
                writer.close()
                writer, shard_bytes, shard = None, 0, shard + 1
    finally:
        if writer is not None:
            writer.close()
    return count


def _groups(rows: Iterable[ParquetRow]) -> Iterator[tuple[list[ParquetRow], int]]:
    """Row groups with the bytes of their images."""
    group: list[ParquetRow] = []
    group_bytes = 0
    for row in rows:
        group.append(row)
        group_bytes += len(row["image"]["bytes"]) if row.get("image") else 0
        if len(group) >= GROUP_ROWS or group_bytes >= GROUP_BYTES:
            yield group, group_bytes
            group, group_bytes = [], 0
    if group:
        yield group, group_bytes
