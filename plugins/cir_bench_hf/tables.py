"""The tables of a Hugging Face data set, through ``datasets.load_dataset``, and what their rows must hold."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets

from cir_bench import DataError

TRIPLETS, QUERIES, GALLERY = "triplets", "queries", "gallery"
COLUMNS = {
    TRIPLETS: ("reference", "captions", "target", "part", "hits"),
    QUERIES: ("id", "reference", "captions", "targets", "part", "subset", "gains", "tags"),
    GALLERY: ("image_id", "parts", "places", "side_text"),
}

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def place_of(path: str, revision: str | None) -> str:
    """The folder's whole path, or the repository's name; `DataError` when it is neither, or a folder has a revision."""
    folder = Path(path).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise DataError(f"{path} is a folder and has no revision {revision!r}; leave dataset.revision out.")
        return str(folder.resolve())
    if _REPOSITORY.fullmatch(path):
        return path
    raise DataError(f"{path} is neither a folder nor the name of a repository; write hf:PATH or hf:OWNER/NAME.")


def cache_of(place: str, cache_dir: Path) -> Path:
    """Where `datasets` may keep what it makes of this place, as it is now.

    Of a folder `datasets` remembers the last name and the card alone: it would give out what it has of another folder
    of that name, or of this one before it was written again.
    """
    root = cache_dir / "huggingface"
    if not Path(place).is_absolute():
        return root  # a repository: `datasets` tells its commits apart
    files = sorted(path for path in Path(place).rglob("*") if path.is_file())
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return root / hashlib.sha256(repr((place, facts)).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def load_table(place: str, table: str, revision: str | None, cache: Path) -> Mapping[str, datasets.Dataset]:
    """All splits of a table; none where the data set does not have it. Their ``__`` is the original's hyphen.

    Nothing of the data set is executed: `datasets` reads parquet and other plain files, and refuses scripts.

    Raises:
        DataError: it cannot be read (no network, no such repository, no data set, another form).
    """
    bars, verbosity = datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it logs of a bad file comes with the error, too
    try:
        if table not in datasets.get_dataset_config_names(place, revision=revision):
            return {}
        loaded = datasets.load_dataset(place, table, revision=revision, cache_dir=str(cache))
    except Exception as error:  # whatever the hub's client, the readers of files and the files lead to
        cause = error.__cause__ or error  # "An error occurred while generating the dataset" says nothing by itself
        reason = " ".join(str(cause).split())[:200] or type(cause).__name__
        remedy = "check the name and the network; its form must be what `cir-bench data export --to parquet` writes"
        raise DataError(f"the table {table!r} of {place} cannot be read ({reason}); {remedy}.") from error
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()
    tables = {split.replace("__", "-"): rows for split, rows in loaded.items()}
    for split, rows in tables.items():
        lacking = [column for column in COLUMNS[table] if column not in rows.column_names]
        if lacking:
            raise DataError(f"the table {table!r} of {place} lacks the column {lacking[0]!r} in split {split!r}.")
    return tables


class RowOf:
    """One row and its place; its values are checked."""

    def __init__(self, where: str, number: int, values: Mapping[str, Any]) -> None:
        self._where, self._number, self._values = where, number, values

    def error(self, what: str) -> DataError:
        """A `DataError` that says where the row is."""
        return DataError(f"{self._where}, row {self._number}: {what}.")

    def text(self, key: str, *, empty: bool = False, absent: bool = False) -> str:
        """A text; not an empty one, unless that is allowed. With ``absent``, the column may be missing or null."""
        value = (self._values.get(key) or "") if absent else self._values[key]
        if not isinstance(value, str) or not (value or empty):
            raise self.error(f"{key!r} must be a {'' if empty else 'non-empty '}string, not {value!r:.60}")
        return value

    def optional(self, key: str) -> str | None:
        """A text or nothing."""
        return self.text(key, empty=True) if self._values[key] is not None else None

    def texts(self, key: str, *, absent: bool = False) -> tuple[str, ...]:
        """A list of texts; with ``absent``, the column may be missing or null, and its lists are empty."""
        value = (self._values.get(key) or []) if absent else self._values[key]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{key!r} must be a list of strings, not {value!r:.60}")
        return tuple(value)

    def gains(self) -> dict[str, float]:
        """``gains``: a list of ``{"image", "gain"}``, each image once, each gain a finite number."""
        value = self._values["gains"]
        try:
            gains = {entry["image"]: float(entry["gain"]) for entry in value}
        except (TypeError, KeyError, ValueError) as error:
            raise self.error(f"'gains' must be a list of image and gain, not {value!r:.60}") from error
        right = all(isinstance(image, str) and math.isfinite(gain) for image, gain in gains.items())
        if not right or len(gains) != len(value):
            raise self.error(f"'gains' must name each image once, with a finite number, not {value!r:.60}")
        return gains

    def context(self) -> dict[str, str]:
        """``context``: a list of ``{"name", "text"}``, each name once; nothing where the column is absent."""
        value = self._values.get("context") or []
        right = isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)
        context = {entry.get("name"): entry.get("text") for entry in value} if right else {}
        if len(context) != len(value) or not all(isinstance(one, str) for pair in context.items() for one in pair):
            raise self.error(f"'context' must be a list of name and text, each name once, not {value!r:.60}")
        return {str(name): str(text) for name, text in context.items()}

    def places(self) -> list[tuple[str, int]]:
        """``parts`` and ``places`` side by side."""
        parts, places = self.texts("parts"), self._values["places"]
        whole = isinstance(places, list) and all(type(place) is int for place in places)
        if not whole or len(places) != len(parts):
            raise self.error("'parts' and 'places' must be lists of the same length, of strings and of whole numbers")
        return list(zip(parts, places, strict=True))
