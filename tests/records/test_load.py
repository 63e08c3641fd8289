"""The queries of a cell, read back next to its record, and what of a record they contradict."""

import numpy as np
import pytest

from cir_bench.errors import DataError
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.check import doubt, mistake
from cir_bench.records.load import find_queries
from cir_bench.records.queries import QUERIES_FILE, save_queries
from cir_bench.records.rankings import save_part
from cir_bench.records.record import RunRecord
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.queries import QueryResults

PROTOCOL = builtin_protocol("fashioniq", "original@1")
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
def record(tmp_path):
    """The record of a cell of FashionIQ whose queries are in ``tmp_path``."""
    protocol = PROTOCOL
    parts = {name: PartRankings(ranking(ranks)) for name, ranks in RANKS.items()}
    result = measure(parts, protocol.metrics, headline=protocol.headline.mean_of)
    save_queries(QueryResults.of(parts, protocol.metrics, protocol.headline), tmp_path)
    facts = {"hash": protocol.hash(), "reference": "kept", "gallery": "split", "query_text": "joined"}
    return RunRecord.model_validate(
        {
            "status": "done",
            "cell": CELL,
            "protocol": facts,
            "n_queries": {name: len(ranks) for name, ranks in RANKS.items()},
            "n_gallery": dict.fromkeys(RANKS, 100),
            "metrics": {**result.metrics, "Rmean": result.headline},
            "headline": "Rmean",
        }
    )


def test_queries_that_were_kept_give_the_numbers_of_the_record(record, tmp_path):
    found = find_queries(tmp_path, record)
    assert found.metrics == ("R@10", "R@50")
    assert found.headline.mean_of == ("mean/R@10", "mean/R@50")
    assert mistake(record, found, PROTOCOL) == ""
    assert found.contribution("Rmean") @ found.weights == pytest.approx(record.metrics["Rmean"])


def test_fewer_queries_than_the_protocol_has_are_only_a_claim(record, tmp_path):
    found = find_queries(tmp_path, record)
    assert doubt(record, found, PROTOCOL) == "it has 3 queries of dress, but the protocol has 2,017"
    assert doubt(record, found, None).startswith("there is no protocol fashioniq/original@1")
    assert doubt(record, None, PROTOCOL) == "the results of its queries are not there"


def test_without_them_its_rankings_say_the_same(record, tmp_path):
    kept = find_queries(tmp_path, record)
    (tmp_path / QUERIES_FILE).unlink()
    for name, ranks in RANKS.items():
        save_part(PartRankings(ranking(ranks)), tmp_path, name)
    found = find_queries(tmp_path, record, PROTOCOL)
    assert mistake(record, found, PROTOCOL) == ""
    assert np.array_equal(found.values("R@10"), kept.values("R@10")) and found.same_queries(kept)


def test_a_record_without_kept_queries_has_none(record, tmp_path):
    assert find_queries(tmp_path / "elsewhere", record) is None


@pytest.mark.parametrize("change", [{"status": "failed"}, {"hidden": True}])
def test_failed_and_hidden_cells_have_none(record, tmp_path, change):
    assert find_queries(tmp_path, record.model_copy(update=change)) is None


def test_damaged_ones_are_said_to_be(record, tmp_path):
    (tmp_path / QUERIES_FILE).write_bytes(b"?")
    with pytest.raises(DataError, match="cannot be read"):
        find_queries(tmp_path, record)


def test_a_number_that_the_queries_do_not_give_is_a_metrics_mistake(record, tmp_path):
    found = find_queries(tmp_path, record)
    wrong = record.model_copy(update={"metrics": {**record.metrics, "dress/R@10": 99.0}})
    assert mistake(wrong, found, PROTOCOL) == "it says dress/R@10 is 99.0000, but its queries give 33.3333"
    invented = record.model_copy(update={"metrics": {**record.metrics, "R@3": 5.0}})
    assert "its queries give nothing" in mistake(invented, found, PROTOCOL)
    assert "headline" in mistake(record.model_copy(update={"headline": "mean/R@10"}), found, PROTOCOL)
