"""`QueryResults` as a file next to ``record.json``: gzipped JSON, by column; equal results give equal bytes.

::

    {"format": "cir-bench queries 1", "metrics": ["R@1", …], "headline": {"name": "R@1", "mean_of": ["R@1"]},
     "parts": {"": {"ids": [["css-00000", 2053]],
                    "tags": {"sets": [["kind:shape", …], …], "of": [0, …]},
                    "gallery": {"n_gallery": 2762, "n_candidates": 2761, "targets": 1, "better": […], "tied": 0},
                    "subset": null}}}

``ids`` are strings, or ``[first, count]`` for consecutive ids. A column of equal numbers is one number. ``better`` and
``tied`` hold one number for each relevant image, query after query (`Ranking`); ``targets`` is the number of a query's
targets, which come before images that only have a gain. ``gains``, if any, are by relevant image. ``groups``, if any,
are written as ``tags`` are.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cir_bench.atomic import replacing
from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import CirBenchError, DataError
from cir_bench.evaluation.metrics import parse_metrics
from cir_bench.protocols.protocol import Headline
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.queries import QueryResults

_Value = TypeVar("_Value")

FORMAT = "cir-bench queries 1"
QUERIES_FILE = "queries.json.gz"
MOST_BYTES = 64 * MIB
MOST_QUERIES = 1_000_000
MOST_IMAGES = 20_000_000
"""Targets of all queries, or tags of all queries. No benchmark has so many; short columns could make more of them."""
MOST_METRICS = 1000
LONGEST_ID = 1000


def save_queries(results: QueryResults, folder: Path) -> Path:
    """Write ``queries.json.gz`` into ``folder`` and return its path."""
    path = folder / QUERIES_FILE
    text = json.dumps(_to_json(results), ensure_ascii=False, separators=(",", ":")) + "\n"
    with replacing(path) as temporary:
        # mtime=0, so that equal results are equal files
        temporary.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    return path


def load_queries(path: Path) -> QueryResults:
    """Read and check what :func:`save_queries` wrote; `DataError` if it is missing, damaged or contradicts itself."""
    try:
        content = parse_json(read_bounded(path, MOST_BYTES, packed=True))
        if content.get("format") != FORMAT:
            raise DataError(f"its format is not {FORMAT!r}")
        return _from_json(content)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError, CirBenchError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise DataError(
            f"The per-query results {path} cannot be read ({reason}); run the cell again, or delete the file."
        ) from error


def _to_json(results: QueryResults) -> dict[str, Any]:
    parts = {name: _part_to_json(part) for name, part in results.parts.items()}
    return {"format": FORMAT, "metrics": results.metrics, "headline": results.headline.model_dump(), "parts": parts}


def _part_to_json(part: PartRankings) -> dict[str, Any]:
    queries = part.gallery.queries
    groups = {} if not any(queries.groups) else {"groups": _places(queries.groups)}
    return {
        "ids": _runs(queries.ids),
        "tags": _places(queries.tags),
        **groups,
        "gallery": _ranking_to_json(part.gallery),
        "subset": None if part.subset is None else _ranking_to_json(part.subset),
    }


def _from_json(content: Mapping[str, Any]) -> QueryResults:
    parts = {}
    for name, part in content["parts"].items():
        ids = tuple(_unrolled(part["ids"]))
        sets = [_texts(tags) for tags in part["tags"]["sets"]]
        tags = _chosen(sets, part["tags"]["of"], len(ids))
        if sum(map(len, tags)) > MOST_IMAGES:
            raise DataError("its queries have too many tags")
        groups = part.get("groups")
        groups = _chosen(_texts(groups["sets"]), groups["of"], len(ids)) if groups else ()
        rankings = [part[key] and _ranking_from_json(part[key], ids, tags, groups) for key in ("gallery", "subset")]
        parts[name] = PartRankings(*rankings)
    if not parts:
        raise DataError("it has no queries")
    metrics = _texts(content["metrics"])
    if len(metrics) > MOST_METRICS or any(metric.k > MOST_IMAGES for metric in parse_metrics(metrics)):
        raise DataError("its metrics are too many, or look at too many images")
    return QueryResults(parts, metrics, Headline.model_validate(content["headline"]))


def _ranking_to_json(ranking: Ranking) -> dict[str, Any]:
    queries = ranking.queries
    content: dict[str, Any] = {
        "n_gallery": ranking.n_gallery,
        "n_candidates": _short(ranking.n_candidates.tolist()),
        "targets": _short(ranking.n_targets.tolist()),
        "better": _short(ranking.better.tolist()),
        "tied": _short(ranking.tied.tolist()),
    }
    if any(queries.gains):
        pairs = zip(queries.relevant, queries.gains, strict=True)
        content["gains"] = [[gains.get(image) for image in images] for images, gains in pairs]
    return content


def _places(values: Sequence[Any]) -> dict[str, Any]:
    """The different values, sorted, and which of them each query has."""
    places = {value: place for place, value in enumerate(sorted(set(values)))}
    return {"sets": list(places), "of": _short([places[value] for value in values])}


def _chosen(values: Sequence[_Value], of: int | Sequence[int], n_queries: int) -> tuple[_Value, ...]:
    """The inverse of :func:`_places`."""
    places = _column(of, n_queries)
    if not all(0 <= place < len(values) for place in places.tolist()):
        raise DataError("a query has tags or a group that are not listed")
    return tuple(values[place] for place in places.tolist())


def _ranking_from_json(
    content: Mapping[str, Any], ids: tuple[str, ...], tags: tuple[tuple[str, ...], ...], groups: tuple[str, ...]
) -> Ranking:
    n_targets = _column(content["targets"], len(ids)).tolist()
    if min(n_targets, default=0) < 0 or sum(n_targets) > MOST_IMAGES:
        raise DataError("its queries have too many targets")
    gains = content.get("gains") or [[None] * count for count in n_targets]
    queries = QuerySet(
        ids=ids,
        targets=tuple(tuple(map(str, range(count))) for count in n_targets),
        tags=tags,
        gains=tuple({str(place): gain for place, gain in enumerate(row) if gain is not None} for row in gains),
        groups=groups,
    )
    n_relevant, n_gallery = len(queries.relevant_ids), content["n_gallery"]
    n_candidates = _column(content["n_candidates"], len(ids))
    if type(n_gallery) is not int or (n_candidates > n_gallery).any():
        raise DataError(f"its queries have more candidates than the gallery, {n_gallery!r:.20}")
    return Ranking(
        queries=queries,
        n_gallery=n_gallery,
        n_candidates=n_candidates,
        better=_column(content["better"], n_relevant),
        tied=_column(content["tied"], n_relevant),
    )


def _short(values: list[int]) -> int | list[int]:
    """A column of equal numbers as one number."""
    return values[0] if len(set(values)) == 1 else values


def _column(values: int | Sequence[int], length: int) -> NDArray[np.int64]:
    """A column of ``length`` whole numbers, the inverse of :func:`_short`."""
    column = np.full(length, values) if isinstance(values, int) else np.array(values, dtype=object)
    if column.shape != (length,) or not all(type(value) is int for value in column.tolist()):
        raise DataError(f"a column holds {column.size} values, not {length} whole numbers")
    return column.astype(np.int64)


def _runs(ids: Sequence[str]) -> list[Any]:
    """Ids, consecutive ones as ``[first, count]``."""
    runs: list[list[Any]] = []
    following = None
    for name in ids:
        if name == following:
            runs[-1][1] += 1
        else:
            runs.append([name, 1])
        following = _next_id(name)
    return [run if run[1] > 1 else run[0] for run in runs]


def _unrolled(runs: Sequence[Any]) -> Iterator[str]:
    left = MOST_QUERIES
    for run in runs:
        name, count = (run, 1) if isinstance(run, str) else run
        if type(count) is not int or not 0 < count <= left:
            raise DataError(f"{count!r:.20} queries count on from {name!r:.60}")
        left -= count
        following: str | None = _texts([name])[0]
        for _ in range(count):
            if following is None:
                raise DataError(f"no query follows {name!r:.60}")
            yield following
            following = _next_id(following)


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    """Ids or tags, if all are short strings that can be written."""
    for value in values:
        if not isinstance(value, str) or len(value) > LONGEST_ID:
            raise DataError(f"{value!r:.60} is no id or tag of at most {LONGEST_ID} characters")
        value.encode()
    return tuple(values)


def _next_id(name: str) -> str | None:
    """``a-10`` after ``a-09``; None after an id that does not end in a digit."""
    digits = re.search(r"[0-9]+\Z", name)
    return digits and f"{name[: digits.start()]}{int(digits[0]) + 1:0{len(digits[0])}d}"
