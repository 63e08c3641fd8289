"""The file beside the record: small, the same bytes every time, and a damaged one is said to be."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.errors import DataError
from cir_bench.protocols.protocol import Headline
from cir_bench.records.queries import QUERIES_FILE, _runs, _unrolled, load_queries, save_queries
from cir_bench.retrieval.ranking import PartRankings
from cir_bench.statistics.queries import QueryResults


def test_what_is_written_is_read(cell, tmp_path):
    kept = cell({"dress": [1, 3, 400], "shirt": [2, 2]}, headline=("mean/R@1",), name="mean/R@1")
    found = load_queries(save_queries(kept, tmp_path))
    assert (found.ids, found.part_of, found.tags) == (kept.ids, kept.part_of, kept.tags)
    assert (found.metrics, found.headline) == (kept.metrics, kept.headline)
    for name in ("R@1", "R@10", "MRR", "median_rank"):
        assert np.array_equal(found.values(name), kept.values(name))


def test_ties_several_targets_gains_subsets_and_targets_never_hit_survive(graded, tmp_path):
    found = load_queries(save_queries(graded, tmp_path))
    for name in (*graded.metrics, "mAP@5", "recall@3", "R_target@2"):
        assert np.array_equal(found.values(name), graded.values(name)), name


def test_groups_of_queries_survive(cell, tmp_path):
    part = cell([1, 2, 3, 4]).parts[""]
    queries = replace(part.gallery.queries, groups=("mug", "tower", "mug", "mug"))
    ranked = {"": PartRankings(replace(part.gallery, queries=queries))}
    path = save_queries(QueryResults.of(ranked, ("R@1",), Headline(name="R@1", mean_of=("R@1",))), tmp_path)
    assert load_queries(path).parts[""].gallery.queries.groups == ("mug", "tower", "mug", "mug")


def test_equal_results_are_equal_files_and_nothing_else_is_left(cell, tmp_path):
    first = save_queries(cell([1, 2, 3]), tmp_path).read_bytes()
    assert save_queries(cell([1, 2, 3]), tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [QUERIES_FILE]


def test_two_thousand_queries_take_a_few_kilobytes(cell, tmp_path):
    rng = np.random.default_rng(0)
    ranks = np.minimum(rng.geometric(0.05, 2000), 499).tolist()
    tags = [[f"kind:{rng.integers(7)}", f"edits:{rng.integers(2)}"] for _ in ranks]
    assert save_queries(cell(ranks, tags=tags), tmp_path).stat().st_size < 6_000


@given(st.lists(st.from_regex(r"[a-c-]{0,2}[0-9]{0,3}", fullmatch=True), max_size=30))
def test_ids_that_count_on_are_written_short_and_read_again(ids):
    assert list(_unrolled(json.loads(json.dumps(list(_runs(ids)))))) == ids


def test_a_long_run_of_ids_is_one_entry():
    assert list(_runs([f"css-{n:05d}" for n in range(2053)])) == [["css-00000", 2053]]
    assert list(_runs(["q9", "q10", "q11", "x"])) == [["q9", 3], "x"]


def _edit(path, change):
    content = json.loads(gzip.decompress(path.read_bytes()))
    change(content)
    path.write_bytes(gzip.compress(json.dumps(content).encode()))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(format="another 7"),
        lambda c: c["parts"][""]["gallery"].update(better=[1, 2]),
        lambda c: c["parts"][""]["gallery"].update(better=[1, 2, 900]),
        lambda c: c["parts"][""]["gallery"].update(tied="many"),
        lambda c: c["parts"][""].update(ids=[["q-0", 10**12]]),
        lambda c: c["parts"][""].update(ids=["a", "a", "b"]),
        lambda c: c["parts"][""]["tags"].update(of=7),
        lambda c: c["parts"][""]["tags"].update(of=-1),
        lambda c: c["parts"][""].update(groups={"sets": ["one"], "of": [0, 0]}),
        lambda c: c.pop("headline"),
        lambda c: c.update(parts={}),
    ],
    ids=[
        "format",
        "too few",
        "beyond the gallery",
        "no numbers",
        "endless",
        "twice",
        "no such tags",
        "no such tags either",
        "too few groups",
        "lacking",
        "none",
    ],
)
def test_a_file_that_cannot_be_right_is_refused_by_name(cell, tmp_path, change):
    path = save_queries(cell([1, 2, 3]), tmp_path)
    _edit(path, change)
    with pytest.raises(DataError, match=r"queries\.json\.gz cannot be read .*; run the cell again"):
        load_queries(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"[1]"), gzip.compress(b"{}")[:-4]],
    ids=["empty", "no gzip", "no object", "cut"],
)
def test_so_is_a_damaged_one(tmp_path, content):
    path = tmp_path / QUERIES_FILE
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        load_queries(path)
