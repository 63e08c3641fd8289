"""Prediction files: ``{query id: [image ids, best first]}`` as JSON, also in the two files of CIRR's test server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import DataError
from cir_bench.retrieval.queries import first_repeated
from cir_bench.scoring.lists import check_ids

FILE_REMARKS = ("version", "metric")
"""Keys of CIRR's submission files that are not query ids."""
SUBSET_METRIC = "recall_subset"
"""The ``metric`` of a file that ranks each query's own few candidates."""

MOST_BYTES = 1024 * MIB


class Predictions(NamedTuple):
    """Image ids, best first, by query id."""

    ranked: Mapping[str, list[str]]
    """Of the whole gallery."""
    subset: Mapping[str, list[str]] | None = None
    """Of each query's own few candidates; None if no file declares such lists."""


def read_predictions(paths: Sequence[Path]) -> Predictions:
    """Read prediction files; ids may be strings or whole numbers (CIRCO's) and are returned as strings.

    A file with ``"metric": "recall_subset"``, as CIRR's server wants it, holds lists of the subset ranking. `DataError`
    if a file is missing, is not a JSON object, holds something other than a list of ids for a query, or repeats a query
    id of its own or of another file of its kind.
    """
    found: dict[bool, dict[str, list[str]]] = {False: {}}  # by whether the lists are of the subset ranking
    for path in paths:
        data = _read(path)
        lists = {
            query: check_ids(query, images)
            for query, images in data.items()
            if not (query in FILE_REMARKS and isinstance(images, str))
        }
        earlier = found.setdefault(data.get(FILE_REMARKS[1]) == SUBSET_METRIC, {})
        twice = next((query for query in lists if query in earlier), None)
        if twice is not None:
            raise DataError(f"The prediction file {path} holds the query id {twice!r}, which an earlier file has, too.")
        earlier |= lists
    return Predictions(found[False], found.get(True))


def _read(path: Path) -> dict[str, Any]:
    try:
        text = read_bounded(path, MOST_BYTES).decode("utf-8-sig")
        data = parse_json(text, pairs=lambda pairs: _object(path, pairs))
    except OSError as error:
        raise DataError(f"The prediction file {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(f"The prediction file {path} is not JSON in UTF-8: {error}.") from error
    if not isinstance(data, dict):
        raise DataError(f"The prediction file {path} must contain an object {{query id: [image ids, best first]}}.")
    return data


def _object(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = first_repeated([key for key, _ in pairs])
    if repeated is not None:
        raise DataError(f"The prediction file {path} holds the query id {repeated!r} more than once.")
    return dict(pairs)
