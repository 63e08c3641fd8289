"""Prediction files: ``{query id: [image ids, best first]}`` as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cir_bench.errors import DataError
from cir_bench.retrieval.queries import first_repeated

FILE_REMARKS = ("version", "metric")
"""Keys of CIRR's submission files that name no query."""


def read_predictions(path: Path) -> dict[str, list[str]]:
    """Read a prediction file; ids may be strings or whole numbers (CIRCO's) and come back as strings.

    Raises:
        DataError: the file is missing, is no JSON object, holds a query id twice, or something other than a list of
            ids for a query.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: _object(path, pairs))
    except OSError as error:
        raise DataError(f"The prediction file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"The prediction file {path} is no JSON in UTF-8: {error}.") from error
    if not isinstance(data, dict):
        raise DataError(f"The prediction file {path} must hold an object {{query id: [image ids, best first]}}.")
    return check_predictions(
        {key: value for key, value in data.items() if not (key in FILE_REMARKS and isinstance(value, str))}
    )


def check_predictions(predictions: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check that every value is a list of ids, strings or whole numbers, and turn the ids into strings."""
    checked = {}
    for query, images in predictions.items():
        if not isinstance(images, (list, tuple)):
            raise DataError(f"The prediction of query {query!r} must be a list of image ids, not {images!r:.60}.")
        for image in images:
            if isinstance(image, bool) or not isinstance(image, (str, int)):
                raise DataError(f"The prediction of query {query!r} lists {image!r:.60}, which is no image id.")
        checked[str(query)] = [str(image) for image in images]
    return checked


def _object(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = first_repeated([key for key, _ in pairs])
    if repeated is not None:
        raise DataError(f"The prediction file {path} holds the query id {repeated!r} more than once.")
    return dict(pairs)
