"""Writing a submission's files without overwriting others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cir_bench.atomic import replacing
from cir_bench.errors import ConfigError


def write_files(files: Mapping[Path, bytes], *, overwrite: bool = False) -> None:
    """Write all of them or none: `ConfigError` if one exists with other content, unless ``overwrite``."""
    existing = {path: data for path, data in files.items() if path.exists() and not overwrite}
    if taken := [path for path, data in existing.items() if not path.is_file() or path.read_bytes() != data]:
        raise ConfigError(
            f"{', '.join(map(str, taken))} already exist with other content; nothing was written. Give another "
            "--out, or replace them with --overwrite."
        )
    for path, data in files.items():
        with replacing(path) as temporary:
            temporary.write_bytes(data)
