"""CIRR and FashionIQ as M-BEIR evaluates them, in plain Python from the raw annotation files; no code of the harness.

A ranking is ``{query id: [image ids, best first]}``; metrics are in percent.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

CUT_OFFS = (5, 10)
Queries = dict[str, set[str]]
"""The positives by query id, in order."""


def load_cirr(root: Path) -> tuple[Queries, list[str]]:
    """Queries and gallery, below ``<data root>/cirr``."""
    asked: dict[tuple[str, str], set[str]] = {}
    for record in json.loads((root / "captions" / "cap.rc2.val.json").read_text()):
        right = {name for name, value in record["target_soft"].items() if value == 1.0}
        if right:
            text = _sentence(record["caption"])
            asked[text, record["reference"]] = asked.get((text, record["reference"]), set()) | right
    files = [root / "image_splits" / f"split.rc2.{split}.json" for split in ("train", "val", "test1")]
    gallery = sorted({name for file in files for name in json.loads(file.read_text())})
    return _numbered("8", asked), gallery


def load_fashioniq(root: Path) -> tuple[Queries, list[str]]:
    """Queries and gallery, below ``<data root>/fashioniq``."""
    asked: dict[tuple[str, str], set[str]] = {}
    gallery: set[str] = set()
    for category in ("dress", "shirt", "toptee"):
        for record in json.loads((root / "captions" / f"cap.{category}.val.json").read_text()):
            clauses = []
            for caption in map(str.strip, record["captions"]):
                if caption:
                    clauses.append(re.sub(r"\.\Z", "", caption[0].lower() + caption[1:]))
            text = _sentence(" and ".join(clauses))
            asked.setdefault((text, record["candidate"]), set()).add(record["target"])
        for split in ("train", "val", "test"):
            gallery.update(json.loads((root / "image_splits" / f"split.{category}.{split}.json").read_text()))
    return _numbered("7", asked), sorted(gallery)


def measure(queries: Queries, ranked: dict[str, list[str]]) -> dict[str, float]:
    """R@5, R@10 and nDCG@10."""
    metrics = dict.fromkeys([*(f"R@{k}" for k in CUT_OFFS), "nDCG@10"], 0.0)
    for query, right in queries.items():
        hits = [image in right for image in ranked[query][:10]]
        for k in CUT_OFFS:
            metrics[f"R@{k}"] += any(hits[:k])
        ideal = [True] * min(10, len(right))
        metrics["nDCG@10"] += _gained(hits) / _gained(ideal)
    return {name: 100 * value / len(queries) for name, value in metrics.items()}


def _gained(hits: list[bool]) -> float:
    return sum(hit / math.log(place + 2, 2) for place, hit in enumerate(hits))


def _sentence(text: str) -> str:
    text = text.replace("\r", "").strip().strip('"')
    if not re.search(r"[.?!]\Z", text):
        text += "."
    return text[0].upper() + text[1:]


def _numbered(prefix: str, asked: dict[tuple[str, str], set[str]]) -> Queries:
    return {f"{prefix}:{place + 1}": right for place, right in enumerate(asked.values())}
