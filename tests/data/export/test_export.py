"""A data set written as parquet: every row is there, nothing half, memory bounded."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import datasets
import pytest

from cir_bench import ConfigError, DataError, DatasetSpec
from cir_bench.data import shards
from cir_bench.data.export import export
from cir_bench.data.shards import write_shards
from cir_bench.data.tables import GALLERY, features

SPEC = DatasetSpec(name="full", summary="uses every field", implementation="a:B", licence="CC0")
SPLITS = ("train", "val", "test")


def load(out: Path, table: str, split: str, tmp_path: Path) -> Any:
    return datasets.load_dataset(str(out), table, split=split, cache_dir=str(tmp_path / "cache"))


def test_datasets_reads_every_table_with_its_images_as_pictures(full: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = export(full, SPEC, out, splits=SPLITS)
    assert done.rows == {
        "triplets": {"train": 2},
        "queries": {"val": 2, "test": 2},
        "gallery": {"train": 2, "val": 5, "test": 4},
    }
    gallery = load(out, "gallery", "val", tmp_path)
    assert isinstance(gallery.features["image"], datasets.Image)
    assert gallery["image_id"][:] == ["c", "a", "b", "d", "drawn"]
    assert gallery[4]["image"].getpixel((0, 0)) == (0, 0, 255)
    assert (gallery[1]["parts"], gallery[1]["places"]) == (["left", "right"], [1, 2])
    assert (gallery[1]["side_text"], gallery[0]["side_text"], gallery[4]["parts"]) == ("thing a", None, [])
    query = load(out, "queries", "val", tmp_path)[0]
    assert query == {
        "id": "q2",
        "reference": "drawn",
        "captions": ["one", "two"],
        "targets": ["c", "a"],
        "part": "left",
        "subset": ["c", "b"],
        "gains": [{"image": "c", "gain": 1.0}, {"image": "a", "gain": 0.25}],
        "tags": ["t", "u"],
        "context": [{"name": "concept", "text": "a thing"}],
        "further_references": [],
        "negatives": [],
        "group": "",
    }
    assert load(out, "triplets", "train", tmp_path)[0]["captions"] == ["is é", ""]


def test_files_keep_their_bytes_and_rendered_images_their_pixels(full: Any, tmp_path: Path) -> None:
    export(full, SPEC, tmp_path / "out", splits=["val"])
    rows = load(tmp_path / "out", "gallery", "val", tmp_path).cast_column("image", datasets.Image(decode=False))
    images = {row["image_id"]: row["image"] for row in rows}
    assert images["b"] == {"bytes": (full.root / "b.jpg").read_bytes(), "path": "b.jpg"}
    assert images["drawn"]["bytes"].startswith(b"\x89PNG")


def test_the_card_says_what_it_is(full: Any, tmp_path: Path) -> None:
    export(full, SPEC, tmp_path / "out", splits=SPLITS)
    card = (tmp_path / "out" / "README.md").read_text()
    for words in ("Licence: CC0.", "| queries | val | 2 |", "- made: `by hand`", "path: gallery/train-*.parquet"):
        assert words in card


def test_annotations_alone(full: Any, tmp_path: Path) -> None:
    for path in full.root.iterdir():
        path.unlink()
    export(full, SPEC, tmp_path / "out", splits=SPLITS, images=False)
    assert load(tmp_path / "out", "gallery", "val", tmp_path).column_names == [
        "image_id",
        "parts",
        "places",
        "side_text",
    ]


def test_missing_images_are_refused_by_name_and_nothing_is_written(full: Any, tmp_path: Path) -> None:
    (full.root / "d.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of 5 images of split 'val' are missing \(d\); complete the data, or pass"):
        export(full, SPEC, tmp_path / "out", splits=["val"])
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_an_unreadable_image_is_refused_by_its_file(full: Any, tmp_path: Path) -> None:
    (full.root / "d.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"d\.jpg is empty \(0 bytes\); replace the file\. \(Or: complete the data"):
        export(full, SPEC, tmp_path / "out", splits=["val"])
    assert not (tmp_path / "out").exists()


def test_allowed_their_rows_stay_without_pixels(full: Any, tmp_path: Path) -> None:
    (full.root / "d.jpg").write_bytes(b"")
    (full.root / "c.png").unlink()
    done = export(full, SPEC, tmp_path / "out", splits=["val"], allow_partial=True)
    assert done.rows["gallery"]["val"] == 5
    assert done.faults["val"].missing == ["c"]
    assert "d.jpg is empty" in done.faults["val"].unreadable["d"]
    gallery = load(tmp_path / "out", "gallery", "val", tmp_path)
    assert [row["image_id"] for row in gallery if row["image"] is None] == ["c", "d"]


@pytest.mark.parametrize(
    ("splits", "sentence"), [(["vall"], "there is no split 'vall'"), (["val", "nope"], "there is no split 'nope'")]
)
def test_a_split_that_was_asked_for_must_be_there(splits: list[str], sentence: str, full: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        export(full, SPEC, tmp_path / "out", splits=splits)
    assert not list(tmp_path.glob("out*"))


def test_an_optional_one_is_left_out_and_told(full: Any, tmp_path: Path) -> None:
    done = export(full, SPEC, tmp_path / "out", splits=["val", "nope"], optional=True)
    assert set(done.left_out) == {"nope"} and "there is no split" in done.left_out["nope"]
    with pytest.raises(DataError, match=r"there is nothing to write\. there is no split 'nope'"):
        export(full, SPEC, tmp_path / "other", splits=["nope"], optional=True)


def test_nothing_beside_it_is_touched(full: Any, tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "thesis.tex").touch()
    export(full, SPEC, tmp_path / "out", splits=["val"])
    assert (tmp_path / "out.part" / "thesis.tex").exists()
    assert {path.name for path in tmp_path.glob("out*")} == {"out", "out.part"}


def test_of_two_that_write_to_one_place_the_first_to_end_stays(full: Any, tmp_path: Path) -> None:
    def meanwhile(items: Any, total: int, what: str) -> Any:
        if not (tmp_path / "out").exists():
            export(full, SPEC, tmp_path / "out", splits=["val"])
        return iter(items)

    with pytest.raises(ConfigError, match="already exists"):
        export(full, SPEC, tmp_path / "out", splits=["val"], images=False, watch=meanwhile)
    assert load(tmp_path / "out", "gallery", "val", tmp_path)[0]["image"] is not None
    assert [path.name for path in tmp_path.glob("out*")] == ["out"]


def test_a_folder_in_use_is_refused(full: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="already exists"):
        export(full, SPEC, tmp_path / "out", splits=["val"])
    (tmp_path / "out" / "thesis.tex").unlink()
    export(full, SPEC, tmp_path / "out", splits=["val"])


def test_a_split_name_that_datasets_does_not_take_is_refused(full: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the split 'my val' must be of letters"):
        export(full, SPEC, tmp_path / "out", splits=["my val"])


def test_a_place_that_cannot_be_written_is_one_sentence(full: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"--out .*file/out cannot be written: Not a directory; choose another place"):
        export(full, SPEC, tmp_path / "file" / "out", splits=["val"])


def rows(count: int, size: int) -> Any:
    for number in range(count):
        image = {"bytes": number.to_bytes(4, "big") * (size // 4), "path": "x.png"}
        yield {"image_id": str(number), "parts": [], "places": [], "side_text": None, "image": image}


def test_large_tables_are_several_files_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "GROUP_BYTES", 2000)
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    assert write_shards(rows(25, 1000), features(GALLERY), tmp_path, "val") == 25
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"val-{shard:05d}.parquet" for shard in range(3)]
    table = datasets.load_dataset("parquet", data_files=[str(path) for path in files], split="train")
    assert table["image_id"][:] == [str(number) for number in range(25)]


def test_memory_holds_a_row_group_whatever_the_table_s_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "GROUP_BYTES", 2**20)
    write_shards(rows(1, 100), features(GALLERY), tmp_path, "warm")  # imports
    peaks = []
    for count in (40, 400):
        tracemalloc.start()
        write_shards(rows(count, 2**17), features(GALLERY), tmp_path, f"n{count}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_table_without_rows_has_no_file(tmp_path: Path) -> None:
    assert write_shards([], features(GALLERY), tmp_path / "gallery", "val") == 0
    assert not (tmp_path / "gallery").exists()
