"""The published counts and chance level, and seeded rankings against an evaluator of plain lists."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from support.protocols import protocol

from cir_bench import Context, NoParams, evaluate
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.check import check_protocol
from cir_bench_pinpoint.dataset import PinPoint

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def root(real_data: Callable[[str], Path]) -> Path:
    return real_data("pinpoint/pinpoint_licensed.parquet")


@pytest.fixture(scope="module")
def rows(root: Path) -> list[dict[str, Any]]:
    return pyarrow.parquet.read_table(root / "pinpoint" / "pinpoint_licensed.parquet").to_pylist()


def test_the_published_facts_hold(root: Path, rows: list[dict[str, Any]]) -> None:
    dataset = PinPoint(NoParams(), Context(data_root=root, cache_dir=root / "unused"))
    check = check_protocol(dataset, protocol("pinpoint"))
    assert check.problems == ()
    assert check.evaluation is not None
    part = check.evaluation.parts[""]
    queries = dataset.queries("test")
    targets, negatives = [len(query.targets) for query in queries], [len(query.negatives) for query in queries]
    assert (len(queries), len(part.gallery), min(targets), max(targets)) == (7635, 109600, 1, 45)
    assert sum(targets) / len(queries) == pytest.approx(8.72, abs=0.005)
    assert sum(negatives) / len(queries) == pytest.approx(32.6, abs=0.05)
    assert sum(bool(query.further_references) for query in queries) == 1006
    assert sum(not set(query.targets).isdisjoint(query.negatives) for query in queries) == 310
    assert sum(query.reference in query.targets for query in queries) == 56
    assert sum(query.reference in query.negatives for query in queries) == 4217
    listed = [[one for one in row["negative_candidates"] if one] for row in rows]
    assert sum(len(row["negative_candidates"]) - len(own) for row, own in zip(rows, listed, strict=True)) == 6729
    assert sum(len(row["positive_candidates"]) for row in rows) / len(rows) == pytest.approx(9.07, abs=0.005)
    level = measure(constant_ranking(part.query_set, part.gallery), ["mAP@10"]).metrics["mAP@10"]
    assert round(level, 4) == 0.0032


def test_seeded_rankings_agree_with_plain_lists(root: Path, rows: list[dict[str, Any]]) -> None:
    gallery = (root / "pinpoint" / "index_signatures.txt").read_text().split()
    draw = random.Random(8)
    ranked: dict[str, list[str]] = {}
    sums = dict.fromkeys(("mAP@10", "P@1", "P@10", "R@10", "recall@10", "neg_recall@1", "neg_recall@10"), 0.0)
    for row in rows:
        right, wrong = set(row["positive_candidates"]), set(row["negative_candidates"]) - {None}
        some = draw.sample(sorted(right), min(4, len(right))) + draw.sample(sorted(wrong), min(5, len(wrong)))
        order = list(dict.fromkeys([*some, *draw.choices(gallery, k=8)]))
        draw.shuffle(order)
        ranked[row["query_id"]] = order
        hits = [image in right for image in order[:10]]
        area = sum(sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit)
        sums["mAP@10"] += area / min(len(right), 10)
        sums["P@1"] += hits[0]
        sums["P@10"] += sum(hits) / 10
        sums["R@10"] += any(hits)
        sums["recall@10"] += sum(hits) / len(right)
        for k in (1, 10):
            sums[f"neg_recall@{k}"] += len(wrong & set(order[:k])) / min(len(wrong), k)
    result = evaluate("pinpoint", ranked, data_root=root)
    expected = {name: 100 * total / len(rows) for name, total in sums.items()}
    assert {name: result.metrics[name] for name in expected} == pytest.approx(expected, rel=0, abs=1e-9)
    assert 5 < result.metrics["mAP@10"] < 95
    assert not result.partial
