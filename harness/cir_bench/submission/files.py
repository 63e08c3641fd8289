"""Writing a submission's files without overwriting others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cir_bench.atomic import replacing
from cir_bench.errors import ConfigError


def write_files(files: Mapping[Path, bytes], *, overwrite: bool = False) -> None:
    """Write all of them or none.

    Raises:
        ConfigError: one exists with other content, and ``overwrite`` is off.
    """
    taken = [path for path, data in files.items() if not overwrite and path.exists() and _read(path) != data]
    if taken:
        raise ConfigError(
            f"{', '.join(map(str, taken))} already exist with other content; nothing was written. Give another "
            "--out, or replace them with --overwrite."
        )
    for path, data in files.items():
        with replacing(path) as temporary:
            temporary.write_bytes(data)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
