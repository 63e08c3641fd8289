"""Rows into parquet files, in groups: memory holds one group of rows, whatever the size of the table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.data.tables import TableRow

if TYPE_CHECKING:
    from datasets import Features

GROUP_ROWS = 1000
GROUP_BYTES = 32 * 2**20
"""Rows, or bytes of images, after which a row group is written."""
SHARD_BYTES = 500 * 2**20
"""Bytes of images after which the next file begins, as Hugging Face's hub recommends."""


def write_shards(rows: Iterable[TableRow], features: Features, folder: Path, name: str) -> int:
    """Write ``folder/name-00000.parquet`` and so on; returns the number of rows (0: no file is written).

    The columns' types are written into the files, so that `datasets` recognises a column of images.
    """
    from pyarrow import Table
    from pyarrow.parquet import ParquetWriter

    schema = features.arrow_schema
    writer: ParquetWriter | None = None
    group: list[TableRow] = []
    count = group_bytes = shard_bytes = shard = 0

    def flush() -> None:
        nonlocal writer, group_bytes, shard_bytes, shard
        if writer is None:
            folder.mkdir(parents=True, exist_ok=True)
            writer = ParquetWriter(folder / f"{name}-{shard:05d}.parquet", schema)
        writer.write_table(Table.from_pylist(group, schema=schema))
        shard_bytes, group_bytes = shard_bytes + group_bytes, 0
        group.clear()
        if shard_bytes >= SHARD_BYTES:
            writer.close()
            writer, shard_bytes, shard = None, 0, shard + 1

    try:
        for row in rows:
            group.append(row)
            count += 1
            image = row.get("image")
            group_bytes += len(image["bytes"]) if image else 0
            if len(group) >= GROUP_ROWS or group_bytes >= GROUP_BYTES:
                flush()
        if group:
            flush()
    finally:
        if writer is not None:
            writer.close()
    return count
