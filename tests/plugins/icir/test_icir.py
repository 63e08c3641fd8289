"""i-CIR: tiny lists in its layout, and seeded rankings of generated ones of its size against plain lists."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from support.parquet_copy import assert_comes_back

from cir_bench import Context, DataError, NoParams, Query, evaluate
from cir_bench.testing import DatasetContract
from cir_bench_icir.dataset import ICIR

LINES = {
    "query_files.csv": "query/1/a.jpg,at night,temple\nquery/1/a.jpg,in snow,temple\nquery/2/b.jpg,at night,mug\n",
    "database_files.csv": (
        "database/1/c.jpg,at night,temple\ndatabase/1/d.jpg,by day,temple\ndatabase/1/e.jpg,in snow,temple\n"
        "database/1/f.jpg,at night,temple\ndatabase/2/g.jpg,at night,mug\n"
    ),
}
Open = Callable[[], ICIR]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data" / "icir"
    for name, text in LINES.items():
        for place, line in enumerate(text.splitlines()):
            path = root / line.split(",")[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4), (60 * place, len(name), 0)).save(path)
        (root / name).write_text(text)
    return root


@pytest.fixture
def icir(root: Path) -> Open:
    return lambda: ICIR(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "cache"))


class TestContract(DatasetContract):
    name = "icir"
    split = "test"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path) -> None:
        self.data_root = root.parent


def test_a_query_has_the_candidates_of_its_instance_and_the_targets_of_its_text(icir: Open) -> None:
    first, second, third = icir().queries("test")
    night, day, snow, again = (f"database/1/{letter}.jpg" for letter in "cdef")
    candidates = (night, day, snow, again)
    assert first == Query("query-0", "query/1/a.jpg", ("at night",), (night, again), subset=candidates, group="temple")
    assert (second.targets, second.subset) == ((snow,), first.subset)
    assert (third.targets, third.subset) == (("database/2/g.jpg",), ("database/2/g.jpg",))
    assert icir().gallery("test") == [*first.subset, "database/2/g.jpg"]


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        ("query_files.csv", "query/x.jpg,at night, or later,temple", r"query_files\.csv, line 4, must be a path"),
        ("database_files.csv", "database/x.jpg,at night", r"database_files\.csv, line 6, must be a path, a text and"),
        ("query_files.csv", "query/x.jpg,in a box,mug", "no image of the instance 'mug' with the text 'in a box'"),
    ],
)
def test_a_damaged_line_is_named(name: str, line: str, sentence: str, icir: Open, root: Path) -> None:
    with (root / name).open("a") as file:
        file.write(line)
    with pytest.raises(DataError, match=sentence):
        icir().queries("test")


def test_missing_and_empty_lists_are_named(icir: Open, root: Path) -> None:
    (root / "query_files.csv").write_text("\n")
    with pytest.raises(DataError, match="is empty; unpack it again"):
        icir().queries("test")
    (root / "query_files.csv").unlink()
    with pytest.raises(DataError, match=r"query_files\.csv is missing"):
        icir().queries("test")


def test_seeded_rankings_agree_with_plain_lists(tmp_path: Path) -> None:
    """Lists are generated: the real ones come only with the images. Three instances share texts, not candidates."""
    draw = random.Random(4)
    database: dict[str, list[tuple[str, str]]] = {}
    for place, size in enumerate((90, 230, 41)):
        kinds = [draw.choice(["at night", "in snow", "on a mug", "as a toy"]) for _ in range(size)]
        database[f"thing {place}"] = [(f"database/{place}/{n}.jpg", kind) for n, kind in enumerate(kinds)]
    lines = [f"{path},{kind},{one}" for one, images in database.items() for path, kind in images]
    draw.shuffle(lines)
    asked = [(one, kind) for one, images in database.items() for kind in sorted({kind for _, kind in images})] * 2
    (tmp_path / "icir").mkdir()
    (tmp_path / "icir" / "database_files.csv").write_text("\n".join(lines))
    queries = [f"query/{number}.jpg,{kind},{one}" for number, (one, kind) in enumerate(asked)]
    (tmp_path / "icir" / "query_files.csv").write_text("\n".join(queries))
    every = [line.split(",")[0] for line in lines]
    ranked, areas = {}, []
    for number, (one, kind) in enumerate(asked):
        right = {path for path, own in database[one] if own == kind}
        order = sorted(every, key=lambda path: draw.random() - (0.6 if path in right else 0))
        ranked[f"query-{number}"] = order
        own = [path for path in order if path in {name for name, _ in database[one]}]
        found, area = 0, 0.0
        for place, path in enumerate(own):
            if path in right:
                before = found / place if place else 1.0
                found += 1
                area += (before + found / (place + 1)) / 2
        areas.append(area / (len(right) + 1e-5))
    result = evaluate("icir", ranked, data_root=tmp_path)
    expected = 100 * sum(areas) / len(areas)
    assert 30 < expected < 95
    assert result.metrics["mAP"] == pytest.approx(expected, rel=0, abs=1e-9)
    of = {one: [area for area, (instance, _) in zip(areas, asked, strict=True) if instance == one] for one in database}
    means = 100 * sum(sum(own) / len(own) for own in of.values()) / len(of)
    worst = 100 * sum(map(min, of.values())) / len(of)
    assert result.metrics["mAP_trapezoid_subset_of_groups"] == pytest.approx(means, rel=0, abs=1e-9)
    assert result.metrics["worst_AP_trapezoid_subset_of_groups"] == pytest.approx(worst, rel=0, abs=1e-9)
    assert worst < means != expected
    assert result.n_gallery == len(every)
    assert result.partial  # 1,883 queries are expected


def test_written_as_parquet_the_candidates_of_each_query_come_back(icir: Open, tmp_path: Path) -> None:
    assert_comes_back(icir(), tmp_path, "test")
