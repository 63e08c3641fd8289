"""``--limit N``: a quick look is a cell of its own, marked wherever it shows, and never ranked, compared or sent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.errors import ConfigError
from cir_bench.leaderboards import build, pack, render, render_csv
from cir_bench.leaderboards.row_pair import find_pair
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.find import known_protocols
from cir_bench.records.load import StoredRecord, load_records
from cir_bench.records.record import RunRecord, write_record
from cir_bench.report import report_page, report_sections
from cir_bench.runs.recorded import cell_of
from cir_bench.search.card import model_card
from cir_bench.submission.runs import CellSelector

from .conftest import PLUGIN, Toy


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods that need no training, in full and at a glance."""
    root = tmp_path_factory.mktemp("limit")
    words = [
        "run",
        "--plugin",
        str(PLUGIN),
        "-b",
        "toy",
        "-m",
        "sum",
        "-m",
        "image-only",
        "--cache-dir",
        str(root / "c"),
    ]
    for more in ([], ["--limit", "8"]):
        assert main([*words, "--cache-dir", str(root / "cache"), "--out", str(root / "runs"), *more]) == 0
    return root / "runs"


@pytest.fixture(scope="module")
def stored(runs: Path) -> list[StoredRecord]:
    found, problems = load_records(
        [runs], known_protocols(load_plugins(PluginOptions(files=(PLUGIN,))).benchmark_paths())
    )
    assert problems == []
    return found


def look(stored: list[StoredRecord]) -> StoredRecord:
    return next(one for one in stored if one.record.limit and one.record.cell.method == "sum")


def test_the_record_names_it_and_what_it_is_cut_from(stored: list[StoredRecord]) -> None:
    record = look(stored).record
    whole = next(one.record for one in stored if not one.record.limit)
    assert record.limit is not None
    assert (record.limit.queries, record.n_queries) == (8, {"": 8})
    assert (record.limit.of_queries, record.limit.of_gallery) == (whole.n_queries, whole.n_gallery)
    assert record.cell.variant == "limit=8" and record.ingredients["limit"].startswith("8 queries, each with 20 images")
    assert "limit" not in whole.ingredients


def test_it_is_another_cell_so_that_neither_makes_the_other_stale(toy: Toy) -> None:
    assert toy.run("-m", "sum")[0] == 0
    code, said = toy.run("-m", "sum", "--limit", "5")
    assert code == 0 and "A quick look (--limit)" in said
    assert "1 done before" in toy.run("-m", "sum")[1] and "1 done before" in toy.run("-m", "sum", "--limit", "5")[1]
    assert "1 run" in toy.run("-m", "sum", "--limit", "6")[1]


def test_only_its_own_images_are_encoded(toy: Toy) -> None:
    _, whole = toy.plan("-m", "sum", "--features")
    _, look = toy.plan("-m", "sum", "--features", "--limit", "1")
    assert "41 of 41 images" in whole and "20 of 20 images" in look


def test_it_trains_on_few_triplets(toy: Toy) -> None:
    assert toy.run("-m", "tirg", "--limit", "2", "--set", "training.epochs=1")[0] == 0
    (record,) = toy.records().values()
    assert record.dataset is not None and record.selection is not None
    assert record.dataset.n_train + record.selection.n_queries == 2 * 20


def test_tables_mark_it_and_give_it_no_place(stored: list[StoredRecord]) -> None:
    whole, quick = build(stored).sections
    assert [row.rank for row in whole.rows] == [1, 2] and "quick-look" not in whole.title
    assert [row.rank for row in quick.rows] == [None, None] and quick.comparisons == ()
    assert quick.title.endswith("quick-look 8")
    assert all("quick look, not ranked" in row.remark for row in quick.rows)
    text = render(build(stored))
    assert "**Quick-look**: at most 8 queries were asked" in text and text.count("Sorted by") == 1
    assert "quick-look" in render_csv(build(stored))
    assert "at most 8 queries were asked" in report_page(report_sections(stored))


def test_it_is_not_compared(stored: list[StoredRecord]) -> None:
    looks = [one for one in stored if one.record.limit]
    with pytest.raises(ConfigError, match="'sum' cannot be compared, it is a quick look at 8 queries; run it without"):
        find_pair(looks, "sum", "image-only")
    assert find_pair(stored, "sum", "image-only").rows[0].variant == ""


def test_it_is_not_packed(stored: list[StoredRecord], runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    left_out = pack(stored, tmp_path / "packed")
    assert len(left_out) == 2 and len([*(tmp_path / "packed").rglob("record.json")]) == 2
    words = ["leaderboard", "--plugin", str(PLUGIN), "--records", str(runs), "--out", str(tmp_path / "L.md")]
    assert main([*words, "--pack", str(tmp_path / "again")]) == 0
    assert capsys.readouterr().err.count("is a quick look (--limit) and not packed") == 2


def test_it_is_not_submitted(stored: list[StoredRecord]) -> None:
    record = look(stored).record
    registry = load_plugins(PluginOptions(files=(PLUGIN,)))
    protocol = cell_of(record, registry).protocol
    assert "quick look at 8 queries" in CellSelector("toy", {"test@1": protocol}).refusal(record)
    assert "**A quick look**: only 8 queries were asked" in model_card(record, protocol)


def test_its_cell_is_found_again_from_its_record(stored: list[StoredRecord]) -> None:
    assert cell_of(look(stored).record, load_plugins(PluginOptions(files=(PLUGIN,)))).limit == 8


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": None}, "it is a quick look, and does not say so"),
        ({"ingredients": {}}, "its limit, its ingredients and its variant do not agree"),
    ],
)
def test_a_record_that_hides_it_is_left_out(stored: list[StoredRecord], tmp_path: Path, changes, said) -> None:
    one = look(stored)
    shutil.copytree(one.folder, tmp_path / "cell")
    write_record(RunRecord.model_validate(one.record.model_dump() | changes), tmp_path / "cell")
    _, problems = load_records([tmp_path])
    assert said in problems[0]


def test_a_cell_that_fails_is_listed_with_the_quick_looks(toy: Toy) -> None:
    assert toy.run("-m", "sum", "-m", "wants-maps", "--limit", "8")[0] == 1
    text = (toy.out / "LEADERBOARD.md").read_text()
    assert text.count("\n## ") == 1 and "did not run" in text


def test_tuning_has_no_use_for_it(toy: Toy) -> None:
    code = main(toy.argv("tune", "-m", "sum", "--limit", "8"))
    assert code == 2 and "leave out --limit" in toy.capture.readouterr().err
