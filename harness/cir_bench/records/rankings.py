"""Rankings as files: gzipped JSON lines, a header and one line per query; equal rankings give equal bytes.

A cell keeps those of each part in its folder: ``rankings/PART.jsonl.gz`` (``all`` for a benchmark without parts) and,
where the benchmark has them, ``rankings/PART-subset.jsonl.gz``.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cir_bench.atomic import replacing
from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import DataError
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import CandidateSet, PartRankings, Ranking
from cir_bench.seals import file_digest

FORMAT = "cir-bench ranking 1"
RANKINGS_FOLDER = "rankings"
MOST_BYTES = 1024 * MIB


def ranking_path(folder: Path, part: str, candidates: CandidateSet = CandidateSet.GALLERY) -> Path:
    """The file of a part's ranking in a cell's folder."""
    subset = "-subset" if candidates is CandidateSet.SUBSET else ""
    return folder / RANKINGS_FOLDER / f"{part or 'all'}{subset}.jsonl.gz"


def save_part(rankings: PartRankings, folder: Path, part: str) -> None:
    """Write the rankings of one part into a cell's folder."""
    save_ranking(rankings.gallery, ranking_path(folder, part))
    if rankings.subset is not None:
        save_ranking(rankings.subset, ranking_path(folder, part, CandidateSet.SUBSET))


def save_ranking(ranking: Ranking, path: Path) -> None:
    """Write ``ranking`` to ``path`` (``.jsonl.gz``).

    The first line is ``{"format", "n_queries", "n_gallery", "top_k"}``. Every further line is a query: ``query``,
    ``n_candidates``, ``targets`` (a list of ``[image id, better, tied]``, both null for a target that is never hit),
    ``excluded``, ``tags``, ``top`` (image ids, best first) and, if they are known, the ``scores`` of ``top``. A query
    with graded relevance also has ``gains`` (value by image) and ``graded``, the images that only have a gain, in the
    form of ``targets``.
    """
    with (
        replacing(path) as temporary,
        temporary.open("wb") as raw,
        # no file name and no time in the gzip header, so that equal rankings are equal files
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
    ):
        for line in _lines(ranking):
            packed.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def ranking_digests(folder: Path) -> dict[str, str]:
    """The digests of all rankings in a cell's folder, by file name, as its record has them."""
    return {path.name: file_digest(path) for path in sorted((folder / RANKINGS_FOLDER).glob("*.jsonl.gz"))}


def load_ranking(path: Path, digest: str = "") -> Ranking:
    """Read and check what :func:`save_ranking` wrote; `DataError` naming the file if it is missing or damaged.

    With the ``digest`` from the cell's record, rankings that another run has written there are refused, too.
    """
    try:
        if digest and file_digest(path) != digest:
            raise ValueError("it is not the file that the cell's record was written with")
        header, *rows = map(parse_json, read_bounded(path, MOST_BYTES, packed=True).splitlines())
        if header.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        if header["n_queries"] != len(rows):
            raise ValueError(f"it holds {len(rows)} of its {header['n_queries']} queries")
        return _from_rows(header, rows)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"The ranking file {path} cannot be read ({error!r}); run the evaluation again.") from error


def _lines(ranking: Ranking) -> Iterator[dict[str, Any]]:
    queries, offsets = ranking.queries, ranking.queries.relevant_offsets
    yield {"format": FORMAT, "n_queries": len(ranking), "n_gallery": ranking.n_gallery, "top_k": ranking.top_k}
    for row, query in enumerate(queries.ids):
        span = slice(int(offsets[row]), int(offsets[row + 1]))
        ranks = zip(queries.relevant[row], ranking.better[span].tolist(), ranking.tied[span].tolist(), strict=True)
        places = [[name, None, None] if better == NEVER else [name, better, tied] for name, better, tied in ranks]
        n_targets = len(queries.targets[row])
        line: dict[str, Any] = {
            "query": query,
            "n_candidates": int(ranking.n_candidates[row]),
            "targets": places[:n_targets],
            "excluded": queries.excluded[row],
            "tags": queries.tags[row],
            "top": ranking.top_ids[row],
        }
        if queries.groups[row]:
            line["group"] = queries.groups[row]
        if queries.gains[row]:
            line |= {"gains": queries.gains[row], "graded": places[n_targets:]}
        if ranking.top_scores is not None:
            # str() of a float32 is its shortest exact decimal, half as long as the same number as a float64
            line["scores"] = [float(str(score)) for score in ranking.top_scores[row, : len(ranking.top_ids[row])]]
        yield line


def _from_rows(header: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> Ranking:
    top_k = int(header["top_k"])
    queries = QuerySet(
        ids=tuple(row["query"] for row in rows),
        targets=tuple(tuple(target[0] for target in row["targets"]) for row in rows),
        excluded=tuple(tuple(row["excluded"]) for row in rows),
        tags=tuple(tuple(row["tags"]) for row in rows),
        gains=tuple(row.get("gains", {}) for row in rows),
        groups=tuple(row.get("group", "") for row in rows),
    )
    places = [(better, tied) for row in rows for _, better, tied in (*row["targets"], *row.get("graded", ()))]
    scores = None
    if rows and "scores" in rows[0]:
        scores = np.full((len(rows), top_k), np.nan, dtype=np.float32)
        for place, row in enumerate(rows):
            scores[place, : len(row["scores"])] = row["scores"]
    return Ranking(
        queries=queries,
        n_gallery=int(header["n_gallery"]),
        n_candidates=np.array([row["n_candidates"] for row in rows], dtype=np.int64),
        better=np.array([NEVER if better is None else better for better, _ in places], dtype=np.int64),
        tied=np.array([tied or 0 for _, tied in places], dtype=np.int64),
        top_ids=tuple(tuple(row["top"]) for row in rows),
        top_scores=scores,
        top_k=top_k,
    )
