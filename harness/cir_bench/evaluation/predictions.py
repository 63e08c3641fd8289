"""Prediction files: ``{query id: [image ids, best first]}`` as JSON, also in the two files of CIRR's test server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench.errors import DataError
from cir_bench.retrieval.queries import first_repeated

FILE_REMARKS = ("version", "metric")
"""Keys of CIRR's submission files that name no query."""
SUBSET_METRIC = "recall_subset"
"""The ``metric`` of a file that ranks each query's own few candidates."""


@dataclass(frozen=True)
class Predictions:
    """What one or more prediction files hold.

    Attributes:
        ranked: image ids, best first, by query id, of the whole gallery.
        subset: the same of each query's own few candidates; None where no file says that it has such lists.
    """

    ranked: Mapping[str, list[str]]
    subset: Mapping[str, list[str]] | None = None


def read_predictions(paths: Sequence[Path]) -> Predictions:
    """Read prediction files; ids may be strings or whole numbers (CIRCO's) and come back as strings.

    A file with the key ``"metric": "recall_subset"``, as CIRR's server wants it, holds lists of the subset ranking.

    Raises:
        DataError: a file is missing, is no JSON object, holds something other than a list of ids for a query, or a
            query id that it or another file of its kind has already.
    """
    ranked: dict[str, list[str]] = {}
    subset: dict[str, list[str]] = {}
    told = False
    for path in paths:
        data = _read(path)
        is_subset = data.get(FILE_REMARKS[1]) == SUBSET_METRIC
        told |= is_subset
        lists = {
            query: check_ids(query, images)
            for query, images in data.items()
            if not (query in FILE_REMARKS and isinstance(images, str))
        }
        known = subset if is_subset else ranked
        twice = next((query for query in lists if query in known), None)
        if twice is not None:
            raise DataError(f"The prediction file {path} holds the query id {twice!r}, which an earlier file has, too.")
        known |= lists
    return Predictions(ranked, subset if told else None)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: _object(path, pairs))
    except OSError as error:
        raise DataError(f"The prediction file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"The prediction file {path} is no JSON in UTF-8: {error}.") from error
    if not isinstance(data, dict):
        raise DataError(f"The prediction file {path} must hold an object {{query id: [image ids, best first]}}.")
    return data


def check_ids(query: str, images: Any) -> list[str]:
    """The ids of a query's list as strings; `DataError` where it is no list, or holds more than strings and numbers."""
    if not isinstance(images, (list, tuple)):
        raise DataError(f"The prediction of query {query!r} must be a list of image ids, not {images!r:.60}.")
    if set(map(type, images)) <= {str}:
        return list(images)
    for image in images:
        if isinstance(image, bool) or not isinstance(image, (str, int)):
            raise DataError(f"The prediction of query {query!r} lists {image!r:.60}, which is no image id.")
    return [str(image) for image in images]


def _object(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = first_repeated([key for key, _ in pairs])
    if repeated is not None:
        raise DataError(f"The prediction file {path} holds the query id {repeated!r} more than once.")
    return dict(pairs)
