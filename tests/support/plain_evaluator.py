"""The protocols of FashionIQ, CIRR, Shoes and CIRCO once more, in plain Python from the raw annotation files.

Written from the text of the protocols and nothing else: it shares no code with the harness, so that both can be held
against each other. A ranking is ``{query id: [image ids, best first]}``; metrics are in percent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CATEGORIES = ("dress", "shirt", "toptee")
FASHIONIQ = {
    # gallery, whether the reference stays in the ranking, what a record becomes
    "original": ("official", True, "one query"),
    "val-union": ("union", False, "one query"),
    "val-each-caption": ("union", False, "a query per caption"),
    "val-union-corrected": ("union", False, "one query"),
    "both-orders": ("official", False, "two queries"),
    "mean-of-orders": ("official", True, "one query"),
}
PROTOCOLS = (
    *(f"fashioniq/{name}" for name in FASHIONIQ),
    "cirr/val",
    "cirr/val-soft",
    "shoes/eval",
    "shoes/eval-both-sides",
    "circo/val",
    "circo/val-concept",
)


@dataclass
class Asked:
    """A query: everything that an evaluator needs to know of it."""

    id: str
    reference: str
    targets: list[str]
    members: list[str] = field(default_factory=list)
    soft: dict[str, float] = field(default_factory=dict)


@dataclass
class Part:
    """The queries of a category (or of all) and their gallery."""

    queries: list[Asked]
    gallery: list[str]


def load(protocol: str, root: Path) -> tuple[dict[str, Part], bool]:
    """The parts by name, and whether the reference is removed from the rankings."""
    benchmark, _, name = protocol.partition("/")
    if benchmark == "fashioniq":
        gallery, kept, becomes = FASHIONIQ[name]
        return {c: _fashioniq(root / "fashioniq", c, gallery, becomes) for c in CATEGORIES}, not kept
    if benchmark == "cirr":
        return {"": _cirr(root / "cirr")}, True
    if benchmark == "shoes":
        return {"": _shoes(root / "shoes", twice=name == "eval-both-sides")}, True
    return {"": _circo(root / "circo")}, False


def measure(
    protocol: str, parts: dict[str, Part], removed: bool, ranked: dict[str, Any], few: dict[str, Any] | None = None
) -> dict[str, float]:
    """Metrics in percent; ``few`` holds the rankings of CIRR's image sets."""
    if protocol.startswith("fashioniq"):
        metrics = {}
        for category, part in parts.items():
            for k in (10, 50):
                metrics[f"{category}/R@{k}"] = _recall(part, removed, ranked, k)
        for k in (10, 50):
            metrics[f"mean/R@{k}"] = sum(metrics[f"{category}/R@{k}"] for category in parts) / len(parts)
        return metrics | {"Rmean": (metrics["mean/R@10"] + metrics["mean/R@50"]) / 2}
    part = parts[""]
    if protocol == "cirr/val":
        assert few is not None
        metrics = {f"R@{k}": _recall(part, removed, ranked, k) for k in (1, 5, 10, 50)}
        metrics |= {f"R_subset@{k}": _recall(part, removed, few, k) for k in (1, 2, 3)}
        return metrics | {"Rmean": (metrics["R@5"] + metrics["R_subset@1"]) / 2}
    if protocol == "cirr/val-soft":
        assert few is not None
        metrics = {f"R_soft@{k}": _soft(part, removed, ranked, k) for k in (1, 5, 10, 50)}
        metrics |= {f"R_soft_subset@{k}": _soft(part, removed, few, k) for k in (1, 2, 3)}
        return metrics | {"Rmean_soft": (metrics["R_soft@5"] + metrics["R_soft_subset@1"]) / 2}
    if protocol.startswith("shoes"):
        metrics = {f"R@{k}": _recall(part, removed, ranked, k) for k in (1, 10, 50)}
        return metrics | {"Rmean": sum(metrics.values()) / 3}
    metrics = {f"mAP@{k}": _mean_average_precision(part, ranked, k) for k in (5, 10, 25, 50)}
    return metrics | {f"R_target@{k}": _recall(part, removed, ranked, k) for k in (5, 10, 25, 50)}


def _first(query: Asked, removed: bool, ranked: dict[str, Any], k: int) -> list[str]:
    images = [image for image in ranked[query.id] if not (removed and image == query.reference)]
    return images[:k]


def _recall(part: Part, removed: bool, ranked: dict[str, Any], k: int) -> float:
    """Of the one target that the text was written for."""
    hits = 0
    for query in part.queries:
        if query.targets[0] in _first(query, removed, ranked, k):
            hits += 1
    return 100 * hits / len(part.queries)


def _soft(part: Part, removed: bool, ranked: dict[str, Any], k: int) -> float:
    total = 0.0
    for query in part.queries:
        best = 0.0
        for image in _first(query, removed, ranked, k):
            if image in query.soft and query.soft[image] > best:
                best = query.soft[image]
        total += best
    return 100 * total / len(part.queries)


def _mean_average_precision(part: Part, ranked: dict[str, Any], k: int) -> float:
    total = 0.0
    for query in part.queries:
        right, precisions = 0, 0.0
        for place, image in enumerate(ranked[query.id][:k], start=1):
            if image in query.targets:
                right += 1
                precisions += right / place
        total += precisions / min(len(query.targets), k)
    return 100 * total / len(part.queries)


def _fashioniq(root: Path, category: str, gallery: str, becomes: str) -> Part:
    records = json.loads((root / "captions" / f"cap.{category}.val.json").read_text())
    queries = []
    for index, record in enumerate(records):
        endings = [""]
        if becomes == "two queries":
            endings = ["-a", "-b"]
        if becomes == "a query per caption":
            endings = [f"-{'ab'[i]}" for i, caption in enumerate(record["captions"]) if caption.strip(".?, \t\r\n")]
        for ending in endings:
            queries.append(Asked(f"{category}-{index}{ending}", record["candidate"], [record["target"]]))
    if gallery == "official":
        return Part(queries, json.loads((root / "image_splits" / f"split.{category}.val.json").read_text()))
    return Part(queries, sorted({image for record in records for image in (record["candidate"], record["target"])}))


def _cirr(root: Path) -> Part:
    records = json.loads((root / "captions" / "cap.rc2.val.json").read_text())
    queries = []
    for record in records:
        members = [name for name in record["img_set"]["members"] if name != record["reference"]]
        target, soft = [record["target_hard"]], record["target_soft"]
        queries.append(Asked(str(record["pairid"]), record["reference"], target, members, soft))
    return Part(queries, list(json.loads((root / "image_splits" / "split.rc2.val.json").read_text())))


def _shoes(root: Path, *, twice: bool) -> Part:
    gallery = (root / "eval_im_names.txt").read_text().split()
    there = set(gallery)
    queries = []
    for index, record in enumerate(json.loads((root / "relative_captions_shoes.json").read_text())):
        reference, target = record["ReferenceImageName"], record["ImageName"]
        if reference not in there or target not in there:
            continue
        endings = ["-a", "-b"] if twice else [""]
        if twice and reference == target:
            endings = endings[:1]
        queries += [Asked(f"shoes-{index}{ending}", reference, [target]) for ending in endings]
    return Part(queries, gallery)


def _circo(root: Path) -> Part:
    queries = []
    for record in json.loads((root / "val.json").read_text()):
        others = [image for image in record["gt_img_ids"] if image != record["target_img_id"]]
        targets = [str(image) for image in (record["target_img_id"], *others)]
        queries.append(Asked(str(record["id"]), str(record["reference_img_id"]), targets))
    listed = root / "COCO2017_unlabeled" / "annotations" / "image_info_unlabeled2017.json"
    return Part(queries, [str(image["id"]) for image in json.loads(listed.read_text())["images"]])
