"""`cir_bench.evaluate`: ranked lists or scores in, the numbers of a protocol out."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cir_bench import ConfigError, DataError, Scores, evaluate
from cir_bench.errors import RunError

PARTS = ("dress", "shirt", "toptee")
N_IMAGES = 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """FashionIQ's annotations: 2 queries and 60 gallery images per category; CIRR's: 2 queries, 8 images."""
    root = tmp_path / "data"
    for folder in ("fashioniq/captions", "fashioniq/image_splits", "cirr/captions", "cirr/image_splits"):
        (root / folder).mkdir(parents=True)
    for part in PARTS:
        records = [
            {"candidate": f"{part}{i}", "target": f"{part}{i + 10}", "captions": ["is red", "is long"]} for i in (0, 1)
        ]
        (root / f"fashioniq/captions/cap.{part}.val.json").write_text(json.dumps(records))
        split = json.dumps([f"{part}{i}" for i in range(N_IMAGES)])
        (root / f"fashioniq/image_splits/split.{part}.val.json").write_text(split)
    names = [f"dev-{i}" for i in range(8)]
    records = [
        {
            "pairid": 7 + i,
            "reference": names[i],
            "target_hard": names[i + 1],
            "target_soft": {names[i + 1]: 1.0},
            "caption": "two dogs",
            "img_set": {"id": 1, "members": names[:6], "reference_rank": 0, "target_rank": 1},
        }
        for i in (0, 1)
    ]
    (root / "cirr/captions/cap.rc2.val.json").write_text(json.dumps(records))
    (root / "cirr/image_splits/split.rc2.val.json").write_text(json.dumps({name: f"dev/{name}.png" for name in names}))
    return root


def scores(part: str, places: tuple[int, int]) -> Scores:
    """Scores that put the targets of a category's two queries at these places, from 1; half of them are below 0."""
    values = np.zeros((2, N_IMAGES))
    for query, place in enumerate(places):
        others = [image for image in range(N_IMAGES) if image != query + 10]
        order = [*others[: place - 1], query + 10, *others[place - 1 :]]
        values[query, order] = np.linspace(1, -1, N_IMAGES)
    return Scores([f"{part}-0", f"{part}-1"], [f"{part}{i}" for i in range(N_IMAGES)], values)


def lists_of(table: Scores) -> dict[str, list[str]]:
    return {
        query: [table.images[column] for column in np.argsort(-row)]
        for query, row in zip(table.queries, np.asarray(table.values), strict=True)
    }


ALL = [scores(part, (5, 21)) for part in PARTS]


def test_lists_give_the_protocols_metrics(data: Path) -> None:
    lists = {query: row for table in ALL for query, row in lists_of(table).items()}
    result = evaluate("fashioniq/original@1", lists, data_root=data)
    assert result.metrics == pytest.approx(
        {f"{part}/R@10": 50 for part in (*PARTS, "mean")}
        | {f"{part}/R@50": 100 for part in (*PARTS, "mean")}
        | {"Rmean": 75}
    )
    assert (result.protocol, result.reference, result.headline) == ("fashioniq/original@1", "kept", "Rmean")
    assert (result.n_queries, result.n_gallery, result.parts["dress"].n_gallery) == (6, 180, 60)
    assert (result.faults, result.notes) == ((), ())
    assert result.partial and "dress: 60 gallery images, 3817 expected." in result.problems


def test_scores_give_the_same_whatever_the_order_of_their_rows_and_columns(data: Path) -> None:
    expected = evaluate("fashioniq", ALL, data_root=data)
    rng = np.random.default_rng(0)
    shuffled = []
    for table in reversed(ALL):
        rows, columns = rng.permutation(2), rng.permutation(N_IMAGES)
        shuffled.append(
            Scores(
                [table.queries[i] for i in rows],
                [table.images[i] for i in columns],
                torch.from_numpy(np.asarray(table.values)[rows][:, columns]).half(),
            )
        )
    assert evaluate("fashioniq", shuffled, data_root=data) == expected
    assert expected.metrics["mean/R@10"] == 50


def test_the_reference_is_removed_from_both_by_id(data: Path) -> None:
    values = np.zeros((2, 8))
    values[0, [0, 1]] = 2, 1  # the reference is first, then the target
    values[1, [1, 2]] = 2, 1
    table = Scores(["7", "8"], [f"dev-{i}" for i in range(8)], values)
    wanted = {"R@1": 100, "R_subset@1": 100}
    assert evaluate("cirr/val", table, data_root=data).metrics.items() >= wanted.items()
    lists = {
        query: [f"dev-{i}", f"dev-{i + 1}", *(f"dev-{j}" for j in range(8) if j not in (i, i + 1))]
        for i, query in enumerate("78")
    }
    result = evaluate("cirr/val", lists, data_root=data)
    assert result.metrics.items() >= wanted.items()
    assert result.notes == ("2 queries list an image that the protocol excludes; it was dropped by id.",)


def test_equal_scores_are_at_chance(data: Path) -> None:
    table = Scores(["7", "8"], [f"dev-{i}" for i in range(8)], np.ones((2, 8), dtype=np.float32))
    metrics = evaluate("cirr/val", table, data_root=data).metrics
    assert [metrics[name] for name in ("R@1", "R@5", "R_subset@2")] == pytest.approx([100 / 7, 500 / 7, 40])


def test_lists_of_the_subset_ranking_may_come_apart(data: Path) -> None:
    whole = {query: ["dev-7", "dev-6", *(f"dev-{j}" for j in range(6) if j != i)] for i, query in enumerate("78")}
    few = {"7": ["dev-1", "dev-2", "dev-3"], "8": ["dev-0", "dev-2", "dev-3"]}
    together = evaluate("cirr/val", whole, subset=few, data_root=data).metrics
    assert (together["R@1"], together["R_subset@1"], together["R_subset@2"]) == (0, 50, 100)
    with pytest.raises(DataError, match=r"The lists of the subset ranking: .*1 of 2 queries have no prediction: 8"):
        evaluate("cirr/val", whole, subset={"7": few["7"]}, data_root=data)
    partial = evaluate("cirr/val", whole, subset={"7": few["7"]}, data_root=data, allow_partial=True)
    assert partial.partial
    assert partial.faults == ("The lists of the subset ranking: 1 of 2 queries have no prediction: 8.",)


def test_what_does_not_fit_is_refused_in_a_sentence(data: Path) -> None:
    table = ALL[0]
    fewer = Scores(table.queries, table.images[:-1], np.asarray(table.values)[:, :-1])
    one = Scores(table.queries[:1], table.images, np.asarray(table.values)[:1])
    two = Scores(table.queries[1:], table.images, np.asarray(table.values)[1:])
    nan = replace(table, values=np.full((2, N_IMAGES), np.nan))
    for tables, sentence in (
        ([fewer, *ALL[1:]], "1 of 60 gallery images have no scores: dress59"),
        ([one, *ALL[1:]], "1 of 2 queries have no scores: dress-1"),
        (ALL[1:], "2 of 2 queries have no scores: dress-0, dress-1"),
        ([one, two, *ALL[1:]], "dress-0, dress-1 are spread over 2 score matrices"),
    ):
        with pytest.raises(DataError, match=sentence):
            evaluate("fashioniq", tables, data_root=data)
    with pytest.raises(RunError, match="query 'dress-0' against gallery image 'dress0' is nan"):
        evaluate("fashioniq", [nan, *ALL[1:]], data_root=data)
    with pytest.raises(DataError, match=r"2 queries x 60 images have the shape \(60, 2\)"):
        replace(table, values=np.asarray(table.values).T)
    with pytest.raises(DataError, match="name the image 'dress1' more than once"):
        replace(table, images=["dress1", "dress1", *table.images[2:]])
    with pytest.raises(DataError, match="leave out `subset`"):
        evaluate("cirr/val", ALL[0], subset={}, data_root=data)
    with pytest.raises(ConfigError, match="no protocol 'orginal'; did you mean 'original@1'"):
        evaluate("fashioniq/orginal", {}, data_root=data)


@pytest.mark.parametrize("strange", [None, "ab", 5, [1], [{}]])
def test_what_are_no_rankings_is_refused_in_a_sentence(data: Path, strange: Any) -> None:
    with pytest.raises(DataError, match=r"^Rankings must be .* or Scores, not "):
        evaluate("fashioniq/original", strange, data_root=data)


def test_scores_of_other_queries_are_ignored_and_mentioned(data: Path) -> None:
    other = Scores(["hat-0"], ["hat"], np.ones((1, 1)))
    result = evaluate("fashioniq", [*ALL, other], data_root=data)
    assert result.notes == ("Scores of 1 queries that are not in the benchmark were ignored: hat-0.",)
    assert replace(result, notes=()) == evaluate("fashioniq", ALL, data_root=data)


def test_ranked_lists_need_no_torch(data: Path) -> None:
    lists = {query: row for table in ALL for query, row in lists_of(table).items()}
    program = (
        "import sys, json; from cir_bench import evaluate\n"
        f"metrics = evaluate('fashioniq', json.loads(sys.argv[1]), data_root={str(data)!r}).metrics\n"
        "print(metrics['mean/R@10'], 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(lists)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["50.0", "False"]


def test_whole_numbers_are_scores(data: Path) -> None:
    expected = evaluate("fashioniq", ALL, data_root=data)
    ranks = [replace(one, values=np.asarray(one.values).argsort(axis=1).argsort(axis=1)) for one in ALL]
    assert ranks[0].values.dtype == np.int64
    assert evaluate("fashioniq", ranks, data_root=data).metrics == expected.metrics
    negative = [replace(one, values=np.asarray(one.values) - 100) for one in ranks]
    assert evaluate("fashioniq", negative, data_root=data).metrics == expected.metrics


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_ties_of_half_precision_are_noted(dtype: torch.dtype, data: Path) -> None:
    close = [replace(one, values=torch.as_tensor(np.asarray(one.values)) * 1e-3 + 1) for one in ALL]
    assert evaluate("fashioniq", close, data_root=data).notes == ()
    half = [replace(one, values=torch.as_tensor(one.values).to(dtype)) for one in close]
    name = str(dtype).removeprefix("torch.")
    (note,) = evaluate("fashioniq", half, data_root=data).notes
    assert note.startswith(f"Scores in half precision ({name}) make ties: 6 of 6 targets have the score of another")
    apart = [replace(one, values=torch.as_tensor(np.asarray(one.values)).to(dtype)) for one in ALL]
    assert dtype is torch.bfloat16 or evaluate("fashioniq", apart, data_root=data).notes == ()
