"""Reading annotation files for data set authors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cir_bench.errors import DataError


def read_json(path: Path, source: str) -> Any:
    """What a JSON file holds; a byte order mark at its beginning is passed over.

    Args:
        path: of the file.
        source: where it comes from, for the sentence about a missing file: "copy it from {source}".

    Raises:
        DataError: the file is missing, cannot be read, is no JSON in UTF-8, or holds half a character (a lone
            surrogate, which JSON can write and nothing can encode).
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text)
        if "\\ud" in text.lower():  # as rare as it is costly to look for
            json.dumps(data, ensure_ascii=False).encode()
        return data
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; copy it from {source}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path} holds {error.object[error.start]!r}, half of a character; write the whole one."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON in UTF-8 ({error}); download it again.") from error
