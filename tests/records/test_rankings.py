from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from cir_bench.errors import DataError
from cir_bench.records.rankings import load_ranking, save_ranking
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.search import search


@pytest.fixture
def ranking() -> Ranking:
    """Three queries over eight images: ties, a missing target, two targets, an excluded image, tags, odd characters."""
    table = torch.rand(3, 8, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    queries = QuerySet(
        ids=("dress-0", "été", "q 2"),
        targets=(("g0",), ("g1", "gone"), ()),
        excluded=((), ("g7",), ("g0",)),
        tags=(("colour",), (), ("a", "b")),
        groups=("tower", "", "mug"),
    )
    return search(lambda q, g: table[q][:, g], queries, [f"g{i}" for i in range(8)], top_k=10)


def same(one: Ranking, other: Ranking) -> bool:
    assert one.top_scores is not None
    assert other.top_scores is not None
    return (
        one.queries == other.queries
        and (one.n_gallery, one.top_k, one.top_ids) == (other.n_gallery, other.top_k, other.top_ids)
        and all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("n_candidates", "better", "tied"))
        and np.array_equal(one.top_scores, other.top_scores, equal_nan=True)
    )


def test_what_was_saved_is_loaded(ranking: Ranking, tmp_path: Path) -> None:
    save_ranking(ranking, tmp_path / "ranking.jsonl.gz")
    assert same(load_ranking(tmp_path / "ranking.jsonl.gz"), ranking)


def test_graded_truth_is_saved_with_the_places_of_its_images(tmp_path: Path) -> None:
    table = torch.tensor([[3.0, 2, 1, 1], [3.0, 2, 1, 0]])
    queries = QuerySet(("q0", "q1"), (("g0",), ("g1",)), gains=({"g2": 0.5, "g0": 1.0, "gone": -1.0}, {}))
    made = search(lambda q, g: table[q][:, g], queries, [f"g{i}" for i in range(4)], top_k=2)
    save_ranking(made, tmp_path / "ranking.jsonl.gz")
    assert same(load_ranking(tmp_path / "ranking.jsonl.gz"), made)
    _, first, second = map(json.loads, gzip.decompress((tmp_path / "ranking.jsonl.gz").read_bytes()).splitlines())
    assert first["targets"] == [["g0", 0, 0]]
    assert first["graded"] == [["g2", 2, 1], ["gone", None, None]]
    assert first["gains"] == {"g2": 0.5, "g0": 1.0, "gone": -1.0}
    assert not {"graded", "gains"} & set(second)


def test_rankings_without_scores_are_saved_too(tmp_path: Path) -> None:
    queries = QuerySet(("q",), (("b",),))
    made = Ranking(queries, 2, np.array([2]), np.array([1]), np.array([0]), (("a", "b"),))
    save_ranking(made, tmp_path / "ranking.jsonl.gz")
    loaded = load_ranking(tmp_path / "ranking.jsonl.gz")
    assert loaded.top_scores is None
    assert (loaded.top_ids, loaded.better.tolist()) == (made.top_ids, [1])


def test_equal_rankings_are_equal_files_whenever_and_wherever_written(ranking: Ranking, tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl.gz", tmp_path / "second.jsonl.gz"
    save_ranking(ranking, first)
    save_ranking(load_ranking(first), second)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[4:8] == b"\0\0\0\0"  # the gzip header's time


def test_the_file_is_a_header_and_a_line_per_query(ranking: Ranking, tmp_path: Path) -> None:
    save_ranking(ranking, tmp_path / "ranking.jsonl.gz")
    text = gzip.decompress((tmp_path / "ranking.jsonl.gz").read_bytes()).decode()
    header, *lines = [json.loads(line) for line in text.splitlines()]
    assert header == {"format": "cir-bench ranking 1", "n_queries": 3, "n_gallery": 8, "top_k": 10}
    assert [line["query"] for line in lines] == ["dress-0", "été", "q 2"]
    assert lines[1]["targets"][1] == ["gone", None, None]
    assert lines[0]["tags"] == ["colour"]
    assert len(lines[2]["top"]) == len(lines[2]["scores"]) == 7


def test_nothing_but_the_file_is_left_behind(ranking: Ranking, tmp_path: Path) -> None:
    save_ranking(ranking, tmp_path / "ranking.jsonl.gz")
    assert os.listdir(tmp_path) == ["ranking.jsonl.gz"]


@pytest.mark.parametrize("damage", ["cut", "garbled", "not gzip", "line lost", "other format", "key lost", "empty"])
def test_a_damaged_file_is_refused_by_name(damage: str, ranking: Ranking, tmp_path: Path) -> None:
    path = tmp_path / "ranking.jsonl.gz"
    save_ranking(ranking, path)
    content = path.read_bytes()
    lines = gzip.decompress(content).splitlines(keepends=True)
    path.write_bytes(
        {
            "cut": content[:-20],
            "garbled": content[:40] + bytes([content[40] ^ 0xFF]) + content[41:],
            "not gzip": b"{}",
            "line lost": gzip.compress(b"".join(lines[:-1])),
            "other format": gzip.compress(b'{"format": "something"}\n'),
            "key lost": gzip.compress(b"".join([*lines[:-1], b"{}\n"])),
            "empty": gzip.compress(b""),
        }[damage]
    )
    with pytest.raises(DataError, match=r"ranking\.jsonl\.gz"):
        load_ranking(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl\.gz"):
        load_ranking(tmp_path / "nowhere.jsonl.gz")
