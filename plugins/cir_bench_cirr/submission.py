"""CIRR's test server: one JSON file for Recall@K, one for Recall_subset@K."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cir_bench import HiddenSet, Submission
from cir_bench.utils import Mistakes, check_lists, json_object
from cir_bench_cirr.annotations import HIDDEN

VERSION = "rc2"
LENGTHS = {"recall": 50, "recall_subset": 3}
"""How many image names the server wants for every pairid, by metric."""
MAX_BYTES = 5_000_000
"""The server says "Maximum 5MB"; read as decimal megabytes, the smaller reading."""
EXTENSIONS = (".png", ".jpg", ".jpeg")


class CIRRSubmission(Submission):
    """``{"version": "rc2", "metric": "recall" | "recall_subset", "<pairid>": [names, best first], …}``."""

    split: ClassVar[str] = HIDDEN
    server: ClassVar[str] = "https://cirr.cecs.anu.edu.au"

    def files(self, ranked: Mapping[str, Sequence[str]], subset: Mapping[str, Sequence[str]]) -> Mapping[str, bytes]:
        """``recall.json`` with the best 50 names of every pairid, ``recall_subset.json`` with the best 3 members."""
        return {f"{metric}.json": _file(metric, lists) for metric, lists in zip(LENGTHS, (ranked, subset), strict=True)}

    def check(self, data: bytes, hidden: HiddenSet) -> Mapping[str, Sequence[str]]:
        """Head, pairids, lengths, names and size; the reference and members beside it where the data is there."""
        mistakes: Mistakes = defaultdict(list)
        if len(data) > MAX_BYTES:
            mistakes["too large"].append(f"{len(data):,} bytes; the server takes {MAX_BYTES:,}")
        content = json_object(data, mistakes)
        if content is None:
            return mistakes
        metric = _head(content, mistakes)
        lists = {key: value for key, value in content.items() if key not in {"version", "metric"}}
        _check_pairids(lists, hidden, mistakes)

        def mistake_of(pairid: str, name: str) -> str | None:
            query = hidden.queries.get(pairid) if hidden.queries else None
            if name.lower().endswith(EXTENSIONS):
                return "name with extension"
            if query is not None and name == query.reference:
                return "reference listed"
            if hidden.gallery is not None and name not in hidden.gallery:
                return "unknown name"
            if query is not None and metric == "recall_subset" and name not in query.subset:
                return "name outside the pair's image set"
            return None

        lengths = [LENGTHS[metric]] if metric else LENGTHS.values()
        check_lists(lists, mistakes, lengths=lengths, image_type=str, mistake_of=mistake_of)
        return mistakes


def _file(metric: str, lists: Mapping[str, Sequence[str]]) -> bytes:
    content = {"version": VERSION, "metric": metric}
    best = {pairid: names[: LENGTHS[metric]] for pairid, names in lists.items()}
    return json.dumps(content | best, separators=(",", ":")).encode()


def _head(content: Mapping[str, Any], mistakes: Mistakes) -> str | None:
    """The metric; None when it is none."""
    version, metric = content.get("version"), content.get("metric")
    if version != VERSION:
        mistakes["wrong version"].append(
            f"{version!r:.40}, not {VERSION!r}" if "version" in content else "there is none"
        )
    if isinstance(metric, str) and metric in LENGTHS:
        return metric
    allowed = " or ".join(map(repr, LENGTHS))
    mistakes["wrong metric"].append(f"{metric!r:.40}, not {allowed}" if "metric" in content else "there is none")
    return None


def _check_pairids(lists: Mapping[str, Any], hidden: HiddenSet, mistakes: Mistakes) -> None:
    known = hidden.queries
    if known is not None:
        missing = [pairid for pairid in known if pairid not in lists]
        unknown = [f"{pairid!r:.40}" for pairid in lists if pairid not in known]
    else:
        short = (hidden.n_queries or len(lists)) - len(lists)
        missing = [f"there are {len(lists)} of {hidden.n_queries}"] if short > 0 else []
        unknown = [f"{pairid!r:.40}" for pairid in lists if not (pairid.isascii() and pairid.isdigit())]
        if short < 0 and not unknown:
            unknown = [f"there are {len(lists)}, but {HIDDEN} has {hidden.n_queries}"]
    for kind, found in (("missing pairid", missing), ("unknown pairid", unknown)):
        if found:
            mistakes[kind] += found
