"""The published counts and chance levels of the object tasks, and a seeded ranking against plain lists."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from support.protocols import protocol

from cir_bench import Context, NoParams, evaluate
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.check import check_protocol
from cir_bench.retrieval.ranking import PartRankings
from cir_bench_genecis.dataset import GeneCIS

pytestmark = pytest.mark.shared
COUNTS = {
    # queries, images, references, conditions, distinct records
    "change_object": (1960, 2739, 218, 109, 1793),
    "focus_object": (1960, 2198, 218, 97, 1533),
}
CUT_OFFS = (1, 2, 3)


@pytest.fixture(scope="module")
def real(shared: Path) -> GeneCIS:
    return GeneCIS(NoParams(), Context(data_root=shared, cache_dir=shared / "unused"))


@pytest.mark.parametrize("task", COUNTS)
def test_the_published_counts_hold(task: str, real: GeneCIS) -> None:
    queries = [query for query in real.queries("val") if query.part == task]
    images = {image for query in queries for image in (query.reference, *query.subset)}
    references, conditions = {query.reference for query in queries}, {query.captions for query in queries}
    distinct = {(query.reference, query.captions, query.targets, query.subset) for query in queries}
    assert COUNTS[task] == (len(queries), len(images), len(references), len(conditions), len(distinct))
    sizes = [len(query.subset) for query in queries]
    odd = [query.id for query in queries if len(query.subset) != 15]
    assert odd == (["change_object-19"] if task == "change_object" else [])
    assert set(sizes) <= {14, 15}
    assert not any(query.reference in query.subset for query in queries)


def test_what_is_missing_is_the_attribute_tasks_alone(real: GeneCIS) -> None:
    found = check_protocol(real, protocol("genecis/val"))
    assert all("attribute" in problem for problem in found.problems)
    assert len(found.problems) == (0 if len(real.parts) == 4 else 2)


@pytest.mark.parametrize("task", COUNTS)
def test_a_constant_scorer_is_exactly_at_chance(task: str, real: GeneCIS) -> None:
    part = eval_set(real, protocol("genecis/val")).parts[task]
    gallery = constant_ranking(part.query_set, part.gallery)
    rankings = PartRankings(gallery, constant_ranking(part.query_set, part.gallery, part.subsets()))
    one = {"change_object": (1959 / 15 + 1 / 14) / 1960}.get(task, 1 / 15)  # one query has 14 candidates
    metrics = measure(rankings, protocol("genecis/val").metrics).metrics
    assert metrics == pytest.approx({f"R_subset@{k}": 100 * k * one for k in CUT_OFFS})


def test_a_seeded_ranking_agrees_with_plain_lists(real: GeneCIS, shared: Path) -> None:
    """Also where the reference or other images of the gallery are listed: they are no candidates of the query."""
    draw = random.Random(0)
    ranked: dict[str, list[str]] = {}
    expected: dict[str, float] = {}
    for task in COUNTS:
        hits = dict.fromkeys(CUT_OFFS, 0)
        records = json.loads((shared / "genecis" / f"{task}.json").read_text())
        for index, record in enumerate(records):
            target = record["target"]["val_image_id"]
            candidates = [image["val_image_id"] for image in record["gallery"] if image["val_image_id"] != target]
            draw.shuffle(candidates)
            place = draw.randrange(6)
            candidates.insert(place, target)
            for k in CUT_OFFS:
                hits[k] += place < k
            others = [str(image["target"]["val_image_id"]) for image in draw.sample(records, 3)]
            strange = [image for image in dict.fromkeys(others) if int(image) not in candidates]
            ranked[f"{task}-{index}"] = [*strange, *map(str, candidates)]
        expected |= {f"{task}/R_subset@{k}": 100 * hits[k] / len(records) for k in CUT_OFFS}
    if len(real.parts) == 4:
        pytest.skip("the seeded lists are of the object tasks alone")
    result = evaluate("genecis/val", ranked, data_root=shared)
    assert {name: result.metrics[name] for name in expected} == pytest.approx(expected, rel=0, abs=1e-9)
    mean = sum(expected[f"{task}/R_subset@1"] for task in COUNTS) / 2
    assert result.metrics["R@1"] == pytest.approx(mean, rel=0, abs=1e-9)
    assert result.partial  # the attribute tasks are not there
