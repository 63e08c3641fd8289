"""Written as parquet and read back, a data set is the same record by record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cir_bench import Context, DataError, Dataset, NoParams, Triplet
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.find import find_benchmark
from cir_bench_fashioniq.dataset import FashionIQ
from cir_bench_hf import HfParams
from cir_bench_hf.dataset import Hf

Original = Callable[..., Dataset]
Back = Callable[..., Hf]


def assert_same(original: Dataset, copy: Dataset, *splits: str) -> None:
    """Parts, triplets, queries, galleries; whatever order, side text and truth they have."""
    assert list(copy.parts) == list(original.parts)
    assert list(copy.train()) == list(original.train())
    for split in splits:
        assert list(copy.queries(split)) == list(original.queries(split))
        for part in original.parts:
            assert list(copy.gallery(split, part)) == list(original.gallery(split, part))


def assert_same_images(original: Dataset, copy: Dataset, images: Iterable[str]) -> None:
    for image in images:
        assert copy.has(image)
        assert copy.side_text(image) == original.side_text(image)
        assert copy.open(image).size == original.open(image).size
        assert copy.open(image).tobytes() == original.open(image).tobytes()


class Few(Dataset):
    """The beginning of another data set."""

    def __init__(self, whole: Dataset, split: str, count: int) -> None:
        self._whole, self._split, self._count = whole, split, count
        self.open, self.has, self.digest = whole.open, whole.has, whole.digest  # type: ignore[method-assign]
        self.side_text = whole.side_text  # type: ignore[method-assign]

    def train(self) -> list[Triplet]:
        return list(self._whole.train()[: self._count])

    def queries(self, split: str) -> Any:
        return self._whole.queries(split)[: self._count]

    def gallery(self, split: str, part: str = "") -> Any:
        return self._whole.gallery(split, part)[: 4 * self._count]

    open = has = digest = None  # type: ignore[assignment] # given by __init__


def test_css_rendered_multi_target_tags_hits_and_descriptions(original: Original, back: Back) -> None:
    css = Few(original("css"), "test", 12)
    copy = back(css, "train", "test")
    assert_same(css, copy, "test")
    assert max(len(query.targets) for query in copy.queries("test")) > 1
    assert copy.queries("test")[0].tags and copy.train()[0].hits
    assert_same_images(css, copy, [*css.gallery("test")[:5], css.train()[0].reference, css.train()[0].target])
    assert copy.side_text(css.train()[0].target)


class Concepts(Few):
    """With a context for every query, as CIRCO has."""

    def queries(self, split: str) -> Any:
        return [replace(query, context={"concept": f"of {query.id}"}) for query in super().queries(split)]


def test_the_context_of_a_query_comes_back(original: Original, back: Back) -> None:
    css = Concepts(original("css"), "test", 3)
    assert_same(css, back(css, "train", "test"), "test")


def test_folder_files_keep_their_digests(original: Original, back: Back, photos: Path) -> None:
    folder = original("folder", path=str(photos))
    copy = back(folder, "train", "val", "test")
    assert_same(folder, copy, "val", "test", "auto")
    images = [*folder.gallery("val"), *folder.gallery("test"), *folder.train_images()]
    assert_same_images(folder, copy, images)
    assert {image: copy.digest(image) for image in images} == {image: folder.digest(image) for image in images}


def test_a_split_may_have_a_hyphen(original: Original, back: Back, photos: Path) -> None:
    for name in ("gallery.jsonl", "triplets.jsonl"):
        lines = (photos / name).read_text(encoding="utf-8").replace('"split": "val"', '"split": "val-hard"')
        (photos / name).write_text(lines, encoding="utf-8")
    folder = original("folder", path=str(photos), split="val-hard")
    assert_same(folder, back(folder, "train", "val-hard", params={"split": "val-hard"}), "val-hard", "auto")


def test_fashioniq_parts_and_empty_captions(original: Original, back: Back, fashion: Path) -> None:
    fashioniq = original("fashioniq")
    copy = back(fashioniq, "train", "val")
    assert_same(fashioniq, copy, "val")
    assert copy.parts == ("dress", "shirt", "toptee")
    assert_same_images(fashioniq, copy, fashioniq.gallery("val", "shirt"))


def test_fashioniq_without_images(original: Original, back: Back, fashion: Path) -> None:
    for path in (fashion / "images").iterdir():
        path.unlink()
    fashioniq = original("fashioniq")
    copy = back(fashioniq, "train", "val", images=False)
    assert_same(fashioniq, copy, "val")
    image = fashioniq.gallery("val", "dress")[0]
    assert not copy.has(image)
    with pytest.raises(DataError, match="has no pixels; it was written without them"):
        copy.open(image)


def test_a_partial_export_misses_what_the_original_misses(original: Original, back: Back, fashion: Path) -> None:
    (fashion / "images" / "dressval2.jpg").unlink()
    copy = back(original("fashioniq"), "train", "val", allow_partial=True)
    assert_same(original("fashioniq"), copy, "val")
    assert [image for image in copy.gallery("val", "dress") if not copy.has(image)] == ["dressval2"]


class Graded(Few):
    """With CIRR's kinds of truth."""

    def queries(self, split: str) -> Any:
        candidates = tuple(self.gallery(split))
        gains = {candidates[2]: 1.0, candidates[1]: 0.1, candidates[0]: -1.0}
        return [replace(query, subset=candidates[1:4], gains=gains) for query in super().queries(split)]


def test_subsets_and_grades(original: Original, back: Back, photos: Path) -> None:
    graded = Graded(original("folder", path=str(photos)), "val", 2)
    copy = back(graded, "val")
    assert list(copy.queries("val")) == list(graded.queries("val"))
    assert [list(query.gains.values()) for query in copy.queries("val")] == [[1.0, 0.1, -1.0]] * 2


def test_the_protocol_decides_on_the_reference(original: Original, back: Back, photos: Path) -> None:
    copy = back(original("folder", path=str(photos)), "train", "val")
    for name, excluded in (("default", 1), ("reference-kept", 0)):
        made = eval_set(copy, find_benchmark(f"hf/{name}:x", builtin_benchmarks()).protocol).parts[""]
        assert {len(truth.excluded) for truth in made.truth.values()} == {excluded}
        assert len(made.gallery) == 5


def test_the_evaluated_split_is_chosen(original: Original, back: Back, photos: Path) -> None:
    copy = back(original("folder", path=str(photos)), "val", "test", params={"split": "test"})
    assert copy.evaluated("auto") == "test"
    assert copy.queries("auto") == copy.queries("test")
    assert copy.provenance()["split"] == "test"


def test_provenance_follows_the_annotations(original: Original, back: Back, photos: Path, tmp_path: Path) -> None:
    first = back(original("folder", path=str(photos)), "train", "val").provenance()
    (tmp_path / "out").rename(tmp_path / "first")
    lines = (photos / "triplets.jsonl").read_text(encoding="utf-8")
    (photos / "triplets.jsonl").write_text(lines.replace("is \\u00e4rger", "is fine"), encoding="utf-8")
    second = back(original("folder", path=str(photos)), "train", "val").provenance()
    assert first["split"] == second["split"] == "val"
    assert first["annotations"] != second["annotations"]


def test_folders_of_one_name_and_a_folder_written_again_are_told_apart(
    original: Original, back: Back, photos: Path, context: Context, tmp_path: Path
) -> None:
    first = back(original("folder", path=str(photos)), "val")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").rename(tmp_path / "elsewhere" / "out")
    lines = (photos / "triplets.jsonl").read_text(encoding="utf-8")
    (photos / "triplets.jsonl").write_text(lines.replace("and long", "and short"), encoding="utf-8")
    second = back(original("folder", path=str(photos)), "val")
    moved = Hf(HfParams(path=str(tmp_path / "elsewhere" / "out")), context)
    assert [dataset.queries("val")[1].captions[1] for dataset in (first, second, moved)] == [
        "and long",
        "and short",
        "and long",
    ]


@pytest.mark.shared
def test_the_whole_of_fashioniq(back: Back, context: Context, real_data) -> None:
    fashioniq = FashionIQ(NoParams(), Context(real_data("fashioniq/captions"), context.cache_dir))
    copy = back(fashioniq, "train", "val", images=False)
    assert_same(fashioniq, copy, "val")
    assert (len(copy.train()), len(copy.queries("val"))) == (18_000, 6_016)
