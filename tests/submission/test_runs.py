"""Which finished cell is submitted: the only one that fits, or a sentence that says why not or which others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cir_bench.errors import CirBenchError, ConfigError, DataError
from cir_bench.protocols.protocol import Protocol
from cir_bench.records.rankings import save_ranking
from cir_bench.records.record import RunRecord, write_record
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.submission.runs import CellSelector, find_run

PLUGIN = {"distribution": "d", "version": "1", "object_version": "1"}
HIDDEN = Protocol.model_validate(
    {
        "split": "secret",
        "reference": "removed",
        "query_text": "single",
        "metrics": ["R@1", "R_subset@1"],
        "headline": {"name": "R@1", "mean_of": ["R@1"]},
    }
)
WITHOUT_SUBSET = HIDDEN.model_copy(update={"metrics": ("R@1",)})
Cell = Callable[..., Path]


def hidden_ranking(queries: QuerySet, lists: list[list[str]], n_gallery: int) -> Ranking:
    """Without targets; each query's excluded images are of the gallery."""
    candidates = np.array([n_gallery - len(excluded) for excluded in queries.excluded])
    nothing = np.zeros(0, dtype=np.int64)
    return Ranking(queries, n_gallery, candidates, nothing, nothing, tuple(map(tuple, lists)))


def ranking(first: str) -> Ranking:
    """Two queries over five images; the lists begin with ``first``."""
    queries = QuerySet(("q0", "q1"), ((), ()), (("r",), ("r",)))
    lists = [[first, "a", "b"], [first, "b", "a"]]
    return hidden_ranking(queries, lists, n_gallery=5)


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    """Writes a cell as a run does and returns its folder; the record's values may be changed."""

    def make(name: str = "one", **changes: Any) -> Path:
        key = {"method": "sum", "benchmark": "quiz", "protocol": "secret@1", "encoder": "tiny", "seed": 0}
        record = {
            "status": "done",
            "cell": key | {"track": "controlled"} | changes.pop("cell", {}),
            "dataset": {"name": "quiz", "plugin": PLUGIN, **changes.pop("dataset", {})},
            "protocol": {"hash": HIDDEN.hash(), "reference": "removed", "gallery": "split", "query_text": "single"},
            "n_queries": {"": 2},
            "hidden": True,
        } | changes
        folder = tmp_path / "runs" / "cells" / name
        (folder / "rankings").mkdir(parents=True)
        write_record(RunRecord.model_validate(record), folder)
        save_ranking(ranking("x"), folder / "rankings" / "all.jsonl.gz")
        save_ranking(ranking("y"), folder / "rankings" / "all-subset.jsonl.gz")
        return folder

    return make


def wanted(**changes: Any) -> CellSelector:
    return CellSelector(**({"benchmark": "quiz", "protocols": {"secret@1": HIDDEN}} | changes))


def refusal(where: Path, asked: CellSelector | None = None) -> str:
    with pytest.raises(CirBenchError) as caught:
        find_run(where, asked or wanted())
    return str(caught.value)


def test_a_cell_is_found_by_its_folder_and_by_the_runs_folder_above_it(cell: Cell, tmp_path: Path) -> None:
    folder = cell()
    assert find_run(folder, wanted()) == find_run(tmp_path / "runs", wanted())
    assert find_run(folder, wanted()).folder == folder


def test_its_lists_are_those_of_the_gallery_and_of_the_subsets(cell: Cell) -> None:
    found = find_run(cell(), wanted())
    assert found.lists() == (
        {"q0": ("x", "a", "b"), "q1": ("x", "b", "a")},
        {"q0": ("y", "a", "b"), "q1": ("y", "b", "a")},
    )


def test_without_subset_metrics_there_are_no_subset_lists(cell: Cell) -> None:
    protocol = {"hash": WITHOUT_SUBSET.hash(), "reference": "removed", "gallery": "split", "query_text": "single"}
    assert find_run(cell(protocol=protocol), wanted(protocols={"secret@1": WITHOUT_SUBSET})).lists()[1] == {}


def test_the_lists_of_all_parts_are_joined(cell: Cell) -> None:
    folder = cell(n_queries={"shirt": 2, "dress": 2})
    for part, query in (("shirt", "s"), ("dress", "d")):
        queries = QuerySet((query,), ((),))
        for name in (part, f"{part}-subset"):
            made = hidden_ranking(queries, [["a"]], n_gallery=1)
            save_ranking(made, folder / "rankings" / f"{name}.jsonl.gz")
    assert find_run(folder, wanted()).lists()[0] == {"s": ("a",), "d": ("a",)}


def test_a_lost_ranking_file_is_named(cell: Cell) -> None:
    folder = cell()
    (folder / "rankings" / "all-subset.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"all-subset\.jsonl\.gz cannot be read"):
        find_run(folder, wanted()).lists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cell": {"benchmark": "css"}}, "it is of css/secret@1; run quiz/secret@1"),
        ({"cell": {"protocol": "val@1"}}, "it is of quiz/val@1; run quiz/secret@1"),
        ({"status": "failed"}, "it failed"),
        ({"dataset": {"missing_images": 3}}, "it is partial"),
        ({"dataset": {"missing_triplets": 3}}, "it is partial"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_with_its_reason(cell: Cell, changes: dict[str, Any], reason: str) -> None:
    folder = cell(**changes)
    assert f"{folder} cannot be submitted: {reason}" in refusal(folder)


def test_a_protocol_that_has_changed_since_is_refused(cell: Cell) -> None:
    folder = cell()
    changed = HIDDEN.model_copy(update={"reference": "kept"})
    assert "run under another secret@1" in refusal(folder, wanted(protocols={"secret@1": changed}))


def test_of_several_that_fit_the_folders_are_listed(cell: Cell, tmp_path: Path) -> None:
    one, two = cell("one"), cell("two", cell={"seed": 1})
    cell("other", cell={"benchmark": "css"})
    said = refusal(tmp_path / "runs")
    assert said.splitlines() == [
        f"2 cells below {tmp_path / 'runs'} can be submitted; name one with --run:",
        f"  {one}",
        f"  {two}",
    ]


@pytest.mark.parametrize("choice", [{"method": "tirg"}, {"encoder": "captions"}, {"seed": 1}])
def test_method_encoder_and_seed_choose_among_them(cell: Cell, tmp_path: Path, choice: dict[str, Any]) -> None:
    cell("one")
    other = cell("two", cell=choice)
    assert find_run(tmp_path / "runs", wanted(**choice)).folder == other


def test_when_none_fits_every_reason_is_given(cell: Cell, tmp_path: Path) -> None:
    cell("a", status="failed")
    cell("b", cell={"protocol": "val@1"})
    (cell("c") / "record.json").write_text("{")
    cell("d", cell={"method": "tirg"})
    first, *reasons = refusal(tmp_path / "runs", wanted(method="sum")).splitlines()
    assert first == f"None of the 4 cells below {tmp_path / 'runs'} can be submitted:"
    expected = ("not a readable run record", "it failed", "it is of quiz/val@1", "has another method")
    assert len(reasons) == 4
    assert all(words in reason for words, reason in zip(expected, reasons, strict=True))


def test_cells_of_other_benchmarks_are_counted_not_listed(cell: Cell, tmp_path: Path) -> None:
    for i in range(12):
        cell(f"a-{i:02d}", cell={"benchmark": "css", "protocol": "test@1"})
    other = cell("z")
    _, *reasons = refusal(tmp_path / "runs", wanted(method="tirg")).splitlines()
    assert reasons == [
        "  12 are of other benchmarks or protocols; run quiz/secret@1.",
        f"  {other} has another method, encoder or seed (sum, tiny, seed 0).",
    ]


def test_a_long_list_of_reasons_is_cut(cell: Cell, tmp_path: Path) -> None:
    for i in range(13):
        cell(f"cell-{i:02d}", status="failed")
    lines = refusal(tmp_path / "runs").splitlines()
    assert (len(lines), lines[-1]) == (12, "  … 3 more")


def test_a_damaged_record_alone_is_named(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{")
    assert "record.json is not a readable run record" in refusal(tmp_path)


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"contains no record\.json"):
        find_run(tmp_path / "nothing", wanted())


@pytest.mark.parametrize(
    ("changes", "stem"),
    [
        ({}, "quiz-secret-sum-tiny-seed-0"),
        ({"seed": 3, "track": "paper"}, "quiz-secret-paper-sum-tiny-seed-3"),
        ({"encoder": "openclip:RN50x4"}, "quiz-secret-sum-openclip-RN50x4-"),
        ({"variant": "width=3"}, "quiz-secret-sum+"),
    ],
)
def test_its_files_are_named_by_method_encoder_and_seed(cell: Cell, changes: dict[str, Any], stem: str) -> None:
    found = find_run(cell(cell=changes), wanted()).stem
    assert found.startswith(stem)
    assert not set(found) & set("/:\\ ")
