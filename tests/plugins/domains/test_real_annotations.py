"""The published counts, chance levels and ceilings, and seeded rankings against plain lists."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.protocols import protocol

from cir_bench import NO_TARGET, Context, evaluate
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.check import check_protocol
from cir_bench_domains import DomainParams
from cir_bench_domains.dataset import DomainConversion

pytestmark = pytest.mark.shared
DOMAINS = ("cartoon", "origami", "toy", "sculpture")
# queries without a positive; ceilings of recall@10 and @50; chance of recall@10 and @50, and of any hit
PIC2WORD = {
    "cartoon": (2350, 41.4, 75.5, 0.045, 0.225, 1.09, 5.23),
    "origami": (4700, 50.1, 53.0, 0.031, 0.156, 0.16, 0.80),
    "toy": (2800, 60.5, 72.0, 0.042, 0.212, 0.44, 2.17),
    "sculpture": (2900, 63.8, 71.0, 0.042, 0.209, 0.35, 1.72),
}
PAIRS = {"imagenet-r": (16983, 16983, 20, 0.144, 89.1), "ltll": (488, 488, 2, 2.72, 100.0)}


@pytest.fixture(scope="module")
def opened(real_data: Callable[[str], Path]) -> Callable[[str], DomainConversion]:
    data_root = real_data("domain_conversion/imagenet_r")
    context = Context(data_root=data_root, cache_dir=data_root / "unused")
    return lambda of: DomainConversion(DomainParams.model_validate({"of": of}), context)


def test_the_published_facts_of_pic2word_hold(opened: Callable[[str], DomainConversion]) -> None:
    dataset, chosen = opened("pic2word"), protocol("domain-conversion/pic2word")
    check = check_protocol(dataset, chosen)
    assert check.problems == () and check.evaluation is not None
    metrics = ["recall@10", "recall@50", "R@10", "R@50"]
    for name, (without, ceiling10, ceiling50, *chance) in PIC2WORD.items():
        part = check.evaluation.parts[name]
        positives = [len([image for image in part.truth[query.id].targets if image]) for query in part.queries]
        assert positives.count(0) == without
        best = [100 * sum(min(k, count) / count for count in positives if count) / 10000 for k in (10, 50)]
        assert [round(value, 1) for value in best] == [ceiling10, ceiling50]
        level = measure(constant_ranking(part.query_set, part.gallery), metrics).metrics
        assert [level[name] for name in metrics] == pytest.approx(chance, abs=0.006)
        assert [round(level[f"recall@{k}"], 3) for k in (10, 50)] == chance[:2]


@pytest.mark.parametrize("of", PAIRS)
def test_the_published_facts_of_freedom_hold(of: str, opened: Callable[[str], DomainConversion]) -> None:
    dataset, chosen = opened(of), protocol(f"freedom-{of}")
    n_queries, n_gallery, n_pairs, chance, ceiling = PAIRS[of]
    check = check_protocol(dataset, chosen)
    assert check.problems == () and check.evaluation is not None
    parts = check.evaluation.parts
    assert len(parts) == n_pairs and {len(part.gallery) for part in parts.values()} == {n_gallery}
    assert len({query.reference for part in parts.values() for query in part.queries}) == n_queries
    tied = {name: constant_ranking(part.query_set, part.gallery) for name, part in parts.items()}
    level = measure(tied, chosen.metrics, headline=chosen.headline.mean_of).headline
    assert level == pytest.approx(chance, rel=0.004)
    answered = [
        sum(part.truth[query.id].targets != (NO_TARGET,) for query in part.queries) / len(part.queries)
        for part in parts.values()
    ]
    assert 100 * sum(answered) / len(answered) == pytest.approx(ceiling, abs=0.06)


def test_nico_has_the_published_queries_and_gallery(opened: Callable[[str], DomainConversion]) -> None:
    dataset = opened("nico")
    assert (len(dataset.queries("test")), len(dataset.parts)) == (5 * 8723, 30)
    assert len(dataset.gallery("test", "autumn-rock")) == 80134
    assert {query.reference for query in dataset.queries("test")}.isdisjoint(dataset.gallery("test", "autumn-rock"))


def test_seeded_rankings_of_ltll_agree_with_plain_lists(real_data: Callable[[str], Path]) -> None:
    root = real_data("domain_conversion/ltll")
    text = (root / "domain_conversion" / "ltll" / "full_files.csv").read_text()
    items = [line.rsplit(None, 2) for line in text.splitlines()]
    draw = random.Random(3)
    ranked, expected = {}, {}
    for source, target in (("New", "Old"), ("Old", "New")):
        areas = []
        for line, (_, domain, kind) in enumerate(items):
            if domain != source:
                continue
            order = sorted(items, key=lambda item: draw.random() - (0.7 if item[2] == kind else 0))
            ranked[f"{source}-{target}-{line}"] = [path for path, _, _ in order]
            hits = [item[1:] == [target, kind] for item in order]
            area = 0.0
            for place, hit in enumerate(hits):
                if hit:
                    precision = sum(hits[: place + 1]) / (place + 1)
                    before = sum(hits[:place]) / place if place else 1.0
                    area += (precision + before) / 2
            areas.append(area / (sum(hits) + 1e-5))
        expected[f"{source}-{target}/mAP_trapezoid"] = 100 * sum(areas) / len(areas)
    expected["mAP"] = sum(expected.values()) / 2
    assert 5 < expected["mAP"] < 95
    result = evaluate("freedom-ltll", ranked, data_root=root)
    assert {name: result.metrics[name] for name in expected} == pytest.approx(expected, rel=0, abs=1e-9)
    assert not result.partial


def test_seeded_rankings_of_pic2word_agree_with_plain_lists(real_data: Callable[[str], Path]) -> None:
    """Of every fourth query; one without a list counts as a miss."""
    root = real_data("domain_conversion/imagenet_r")
    folder = root / "domain_conversion" / "imagenet_r"
    photos = [line.split() for line in (folder / "imgnet_real_query.txt").read_text().splitlines()]
    items = [line.split() for line in (folder / "imgnet_targets.txt").read_text().splitlines()]
    paths = [path for path, _ in items]
    draw = random.Random(5)
    ranked, recall, anyone = {}, {}, {}
    for number, domain in enumerate(DOMAINS):
        right: dict[int, list[str]] = {}
        for path, label in items:
            if int(label) // 1000 == number:
                right.setdefault(int(label) % 1000, []).append(path)
        found = dict.fromkeys((10, 50), 0.0)
        hits = dict.fromkeys((10, 50), 0)
        for line in range(0, len(photos), 4):
            kind = photos[line][1]
            positives = right.get(int(kind), [])
            some = draw.sample(positives, min(len(positives), draw.randrange(8)))
            order = list(dict.fromkeys(draw.choices(paths, k=60) + some))
            draw.shuffle(order)
            ranked[f"{domain}-{line}"] = order = order[:50]
            for k in (10, 50):
                inside = len(set(order[:k]) & set(positives))
                found[k] += inside / len(positives) if positives else 0.0
                hits[k] += inside > 0
        recall |= {f"{domain}/recall@{k}": 100 * found[k] / len(photos) for k in found}
        anyone |= {f"{domain}/R@{k}": 100 * hits[k] / len(photos) for k in hits}
    for name, expected in (("pic2word", recall), ("any-hit", anyone)):
        result = evaluate(f"domain-conversion/{name}", ranked, data_root=root, allow_partial=True)
        assert [fault.partition(":")[0] for fault in result.faults] == ["30000 of 40000 queries have no prediction"]
        assert {key: result.metrics[key] for key in expected} == pytest.approx(expected, rel=0, abs=1e-9)
