"""`QueryResults` as a file next to ``record.json``: gzipped JSON, by column; equal results give equal bytes.

::

    {"format": "cir-bench queries 1", "metrics": ["R@1", …], "headline": {"name": "R@1", "mean_of": ["R@1"]},
     "parts": {"": {"ids": [["css-00000", 2053]],
                    "tags": {"sets": [["kind:shape", …], …], "of": [0, …]},
                    "gallery": {"n_gallery": 2762, "n_candidates": 2761, "targets": 1, "better": […], "tied": 0},
                    "subset": null}}}

``ids`` are strings, or ``[first, count]`` for consecutive ids. A column of equal numbers is one number. ``better`` and
``tied`` hold one number for each relevant image, query after query (`Ranking`); ``targets`` is the number of a query's
targets, which come before images that only have a gain. ``gains``, if any, are by relevant image.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cir_bench.atomic import replacing
from cir_bench.errors import CirBenchError, DataError
from cir_bench.protocols.protocol import Headline
from cir_bench.retrieval.parts import PartRankings
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.statistics.queries import QueryResults

FORMAT = "cir-bench queries 1"
QUERIES_FILE = "queries.json.gz"
LONGEST_RUN = 10_000_000
"""More queries than any benchmark has: a file from elsewhere must not fill the memory with ids."""


def save_queries(results: QueryResults, folder: Path) -> Path:
    """Write ``queries.json.gz`` into ``folder`` and return its path."""
    path = folder / QUERIES_FILE
    text = json.dumps(_to_json(results), ensure_ascii=False, separators=(",", ":")) + "\n"
    with replacing(path) as temporary:
        # mtime=0, so that equal results are equal files
        temporary.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    return path


def load_queries(path: Path) -> QueryResults:
    """Read and check what :func:`save_queries` wrote.

    Raises:
        DataError: the file is missing, damaged, of another format, or contradicts itself.
    """
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
        if content.get("format") != FORMAT:
            raise DataError(f"its format is not {FORMAT!r}")
        return _from_json(content)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError, CirBenchError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise DataError(
            f"The per-query results {path} cannot be read ({reason}); run the cell again, or delete the file."
        ) from error


def _to_json(results: QueryResults) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "metrics": results.metrics,
        "headline": results.headline.model_dump(mode="json"),
        "parts": {
            name: {
                "ids": list(_runs(part.gallery.queries.ids)),
                "tags": _tags_to_json(part.gallery.queries.tags),
                "gallery": _ranking_to_json(part.gallery),
                "subset": None if part.subset is None else _ranking_to_json(part.subset),
            }
            for name, part in results.parts.items()
        },
    }


def _from_json(content: Mapping[str, Any]) -> QueryResults:
    parts = {}
    for name, part in content["parts"].items():
        ids = tuple(_unrolled(part["ids"]))
        sets = [tuple(tags) for tags in part["tags"]["sets"]]
        tags = tuple(sets[place] for place in _column(part["tags"]["of"], len(ids)))
        gallery = _ranking_from_json(part["gallery"], ids, tags)
        subset = part["subset"] and _ranking_from_json(part["subset"], ids, tags)
        parts[str(name)] = PartRankings(gallery, subset)
    if not parts:
        raise DataError("it has no queries")
    return QueryResults(parts, tuple(content["metrics"]), Headline.model_validate(content["headline"]))


def _ranking_to_json(ranking: Ranking) -> dict[str, Any]:
    queries = ranking.queries
    columns = {
        "n_candidates": ranking.n_candidates.tolist(),
        "targets": [len(targets) for targets in queries.targets],
        "better": ranking.better.tolist(),
        "tied": ranking.tied.tolist(),
    }
    content: dict[str, Any] = {"n_gallery": ranking.n_gallery}
    content |= {name: _short(values) for name, values in columns.items()}
    if any(queries.gains):
        pairs = zip(queries.relevant, queries.gains, strict=True)
        content["gains"] = [[gains.get(image) for image in images] for images, gains in pairs]
    return content


def _ranking_from_json(content: Mapping[str, Any], ids: tuple[str, ...], tags: tuple[tuple[str, ...], ...]) -> Ranking:
    n_targets = _column(content["targets"], len(ids)).tolist()
    gains = content.get("gains") or [[None] * count for count in n_targets]
    queries = QuerySet(
        ids=ids,
        targets=tuple(tuple(map(str, range(count))) for count in n_targets),
        tags=tags,
        gains=tuple({str(place): gain for place, gain in enumerate(row) if gain is not None} for row in gains),
    )
    n_relevant = len(queries.relevant_ids)
    return Ranking(
        queries=queries,
        n_gallery=int(content["n_gallery"]),
        n_candidates=_column(content["n_candidates"], len(ids)),
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


def _tags_to_json(tags: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    sets = sorted(set(tags))
    place = {one: index for index, one in enumerate(sets)}
    return {"sets": sets, "of": _short([place[one] for one in tags])}


def _runs(ids: Sequence[str]) -> Iterator[Any]:
    """Ids, consecutive ones as ``[first, count]``."""
    start = 0
    while start < len(ids):
        count = 1
        expected = _counting_from(ids[start])
        next(expected, None)
        while start + count < len(ids) and next(expected, None) == ids[start + count]:
            count += 1
        yield [ids[start], count] if count > 1 else ids[start]
        start += count


def _unrolled(runs: Sequence[Any]) -> Iterator[str]:
    for run in runs:
        first, count = (run, 1) if isinstance(run, str) else run
        if not 0 < count <= LONGEST_RUN:
            raise DataError(f"{count!r} queries count on from {first!r}")
        names = _counting_from(first)
        for _ in range(count):
            yield next(names)


def _counting_from(first: str) -> Iterator[str]:
    """``a-09``, ``a-10``, …; nothing after the first if it does not end in a digit."""
    yield first
    stem, digits = re.fullmatch(r"(.*?)([0-9]*)", first, flags=re.DOTALL).groups()  # type: ignore[union-attr] # it always matches
    number = int(digits or 0)
    while digits:
        number += 1
        yield f"{stem}{number:0{len(digits)}d}"
