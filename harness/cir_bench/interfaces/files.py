"""Reading annotation files for data set authors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cir_bench.errors import DataError


def read_json(path: Path, source: str) -> Any:
    """What a JSON file holds.

    Args:
        path: of the file.
        source: where it comes from, for the sentence about a missing file: "copy it from {source}".

    Raises:
        DataError: the file is missing, cannot be read, or is no JSON in UTF-8.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; copy it from {source}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON in UTF-8 ({error}); download it again.") from error
