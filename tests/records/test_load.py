"""Where the queries of a cell are found, and what of a record they cannot bear out."""

import numpy as np
import pytest

from cir_bench.errors import DataError
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.check import metrics_mistake
from cir_bench.records.load import find_queries
from cir_bench.records.queries import QUERIES_FILE, save_queries
from cir_bench.records.rankings import save_ranking
from cir_bench.records.record import RunRecord
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking

RANKS = {"dress": [1, 12, 60], "shirt": [3, 70]}
CELL = {"method": "m", "benchmark": "fashioniq", "protocol": "original@1", "encoder": "e", "track": "paper", "seed": 0}


def ranking(ranks):
    ids = tuple(f"q{place}" for place in range(len(ranks)))
    better = np.array(ranks) - 1
    return Ranking(
        queries=QuerySet(ids, tuple((f"t{query}",) for query in ids)),
        n_gallery=100,
        n_candidates=np.full(len(ids), 100),
        better=better,
        tied=np.zeros_like(better),
    )


@pytest.fixture
def old(tmp_path):
    """A cell of FashionIQ from before queries were kept: a record, and its rankings."""
    protocol = builtin_protocol("fashioniq", "original@1")
    parts = {name: ranking(ranks) for name, ranks in RANKS.items()}
    result = measure(parts, protocol.metrics, headline=protocol.headline.mean_of)
    (tmp_path / "rankings").mkdir()
    for name, part in parts.items():
        save_ranking(part, tmp_path / "rankings" / f"{name}.jsonl.gz")
    facts = {"hash": protocol.hash(), "reference": "kept", "gallery": "split", "query_text": "joined"}
    return RunRecord.model_validate(
        {
            "status": "done",
            "cell": CELL,
            "protocol": facts,
            "n_queries": {name: len(ranks) for name, ranks in RANKS.items()},
            "metrics": {**result.metrics, "Rmean": result.headline},
            "headline": "Rmean",
        }
    )


def test_an_old_cell_s_queries_are_made_from_its_rankings(old, tmp_path):
    found = find_queries(tmp_path, old)
    assert found.metrics == ("R@10", "R@50")
    assert found.headline.mean_of == ("mean/R@10", "mean/R@50")
    assert metrics_mistake(old, found) == ""
    assert found.contribution("Rmean") @ found.weights == pytest.approx(old.metrics["Rmean"])


def test_kept_queries_come_first(old, tmp_path, cell):
    save_queries(cell([1, 2]), tmp_path)
    assert find_queries(tmp_path, old).ids == ("q-000", "q-001")


def test_without_rankings_or_with_some_missing_nothing_is_known(old, tmp_path):
    (tmp_path / "rankings" / "shirt.jsonl.gz").unlink()
    assert find_queries(tmp_path, old) is None
    assert find_queries(tmp_path / "elsewhere", old) is None


def test_a_headline_of_unknown_making_is_not_guessed(old, tmp_path):
    unknown = old.model_copy(update={"protocol": old.protocol.model_copy(update={"hash": "f" * 64})})
    assert find_queries(tmp_path, unknown) is None


@pytest.mark.parametrize("change", [{"status": "failed"}, {"hidden": True}])
def test_failed_and_hidden_cells_have_none(old, tmp_path, change):
    assert find_queries(tmp_path, old.model_copy(update=change)) is None


def test_damaged_ones_are_said_to_be(old, tmp_path):
    (tmp_path / QUERIES_FILE).write_bytes(b"?")
    with pytest.raises(DataError, match="cannot be read"):
        find_queries(tmp_path, old)


def test_a_number_that_the_queries_do_not_give_is_a_metrics_mistake(old, tmp_path):
    found = find_queries(tmp_path, old)
    wrong = old.model_copy(update={"metrics": {**old.metrics, "dress/R@10": 99.0}})
    assert metrics_mistake(wrong, found) == "it says dress/R@10 is 99.0000, but its queries give 33.3333"
    invented = old.model_copy(update={"metrics": {**old.metrics, "R@3": 5.0}})
    assert "its queries give nothing" in metrics_mistake(invented, found)
    assert "headline" in metrics_mistake(old.model_copy(update={"headline": "mean/R@10"}), found)
