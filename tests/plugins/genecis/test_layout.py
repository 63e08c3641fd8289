from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.parquet_copy import assert_comes_back

from cir_bench import Context, DataError, NoParams, Query
from cir_bench.cli.app import main
from cir_bench_genecis.annotations import Box, image_id, parts_of
from cir_bench_genecis.dataset import GeneCIS, crop

Open = Callable[[], GeneCIS]


def test_a_query_has_its_own_candidates_and_the_reference_is_not_among_them(genecis: Open) -> None:
    assert genecis().queries("val")[1] == Query(
        "change_object-0", "139", ("wall",), ("285",), "change_object", ("285", "632", "724")
    )


def test_a_target_that_its_gallery_repeats_is_one_candidate(genecis: Open) -> None:
    assert genecis().queries("val")[2].subset == ("724", "632")


def test_one_image_with_two_boxes_is_two_items(genecis: Open) -> None:
    query = genecis().queries("val")[0]
    assert (query.reference, query.targets) == ("1:2,2,4,4", ("1:6,2,4,4.5",))
    opened = genecis()
    assert opened.digest(query.reference) != opened.digest(query.targets[0])
    assert opened.file(query.reference) is None and opened.file("139") is not None


def test_parts_are_the_tasks_whose_files_are_there(genecis: Open, root: Path) -> None:
    assert genecis().parts == ("focus_attribute", "change_object")
    assert genecis().gallery("val", "change_object") == ["285", "632", "724"]
    (root / "focus_attribute.json").unlink()
    (root / "change_object.json").unlink()
    with pytest.raises(DataError, match=r"focus_attribute\.json is missing; copy it from"):
        genecis().queries("val")


@pytest.mark.parametrize(
    ("box", "size"),
    [((10, 10, 10, 10), (17, 17)), ((2, 2, 10, 10), (17, 17)), ((30, 10, 9, 4), (15, 15)), ((0, 0, 4, 8), (14, 14))],
    ids=["margin at the left and the top", "cut at the left", "cut at the right", "narrow"],
)
def test_a_crop_is_a_square_with_the_margin_of_the_authors(box: tuple[float, ...], size: tuple[int, int]) -> None:
    assert crop(Image.new("RGB", (40, 40), "white"), Box(*box)).size == size


def test_inside_an_image_the_crop_ends_where_the_box_does() -> None:
    image = Image.new("RGB", (40, 40), "white")
    image.paste((255, 0, 0), (20, 20, 40, 40))
    box = Box(10, 10, 10, 10)  # ends at 20
    assert set(crop(image, box).getdata()) == {(255, 255, 255)}


def test_what_a_narrow_crop_lacks_is_black() -> None:
    made = crop(Image.new("RGB", (40, 40), "white"), Box(0, 0, 4, 8))  # 7 x 14 pixels
    assert [made.getpixel((x, 5)) for x in (0, 2, 3, 9, 10, 13)] == [
        *[(0, 0, 0)] * 2,
        *[(255, 255, 255)] * 2,
        *[(0, 0, 0)] * 2,
    ]


def test_a_box_outside_its_image_is_refused() -> None:
    with pytest.raises(DataError, match="is not within an image of 40 x 40 pixels"):
        crop(Image.new("RGB", (40, 40)), Box(100, 0, 4, 8))


@pytest.mark.parametrize(
    "wrong", ["", "x", "-1", "01", "1:2,3,4", "1:a,b,c,d", "1:1.0,2,3,4", "../1", "1:1,2,3,4,5", "1:nan,1,1,1"]
)
def test_what_is_no_image_id_is_no_image(wrong: str, genecis: Open) -> None:
    with pytest.raises(DataError, match="is not an image id of GeneCIS"):
        parts_of(wrong)
    assert not genecis().has(wrong)


def test_ids_are_read_back() -> None:
    for number, box in ((139, None), (2321, Box(10, 20, 30.5, 40))):
        assert parts_of(image_id(number, box)) == (number, box)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"condition": None}, "record 0: 'condition' must be a string, not None"),
        ({"gallery": []}, "record 0: 'gallery' must be a list of images"),
        ({"reference": {"val_image_id": "x"}}, "record 0: 'reference' must be a whole number"),
        ({"target": {"image_id": 3}}, "record 0: 'target' must have a val_image_id, or image_id and instance_bbox"),
        ({"target": {"image_id": 3, "instance_bbox": [1, 2, 3]}}, "must be four numbers"),
        ({"target": {"image_id": 3, "instance_bbox": [1, 2, 0, 3]}}, "must have a width and a height"),
    ],
    ids=str,
)
def test_a_damaged_record_is_named(change: dict[str, Any], sentence: str, genecis: Open, root: Path) -> None:
    records = json.loads((root / "change_object.json").read_text())
    (root / "change_object.json").write_text(json.dumps([records[0] | change]))
    with pytest.raises(DataError, match=sentence):
        genecis().queries("val")


def test_there_is_no_other_split(genecis: Open) -> None:
    with pytest.raises(DataError, match=r"GeneCIS has no split 'test'"):
        genecis().queries("test")


def test_rankings_have_the_same_metrics_as_of_the_parquet_copy(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = ("--data-root", str(root.parent), "--cache-dir", str(tmp_path / "cache"))
    assert main(["data", "export", "genecis", "--to", "parquet", "--out", "copy", "--no-images", *data]) == 0
    queries = GeneCIS(NoParams(), Context(data_root=root.parent, cache_dir=tmp_path)).queries("val")
    Path("predictions.json").write_text(json.dumps({one.id: sorted(one.subset) for one in queries}))
    found = []
    for benchmark in ("genecis", "hf/parts-candidates:copy"):
        capsys.readouterr()
        assert main(["score", benchmark, "predictions.json", "--json", "--allow-partial", *data]) == 0
        found.append(json.loads(capsys.readouterr().out)["metrics"])
    assert found[0] == found[1]
    assert 0 < found[0]["R@1"] < 100


def test_written_as_parquet_candidates_and_crops_come_back(genecis: Open, tmp_path: Path) -> None:
    assert_comes_back(genecis(), tmp_path, "val")
