from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.protocols import protocol

from cir_bench import Context, DataError, NoParams
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.check import check_protocol
from cir_bench_fashion200k.dataset import Fashion200k

Open = Callable[[], Fashion200k]
RED_SHORT = "women/dresss/test/0/0_0.jpeg"


def test_query_ids_are_line_numbers_and_targets_all_images_with_the_caption(fashion200k: Open) -> None:
    first, second, third = fashion200k().queries("test")
    assert (first.id, first.reference, first.captions) == ("1", RED_SHORT, ("replace red with green",))
    assert first.targets == ("women/dresss/test/2/2_0.jpeg", "women/dresss/test/2/2_1.jpeg")
    assert (second.id, second.captions) == ("2", ("replace short with long",))
    assert (third.id, third.captions) == ("3", ("replace grey with blue",))


def test_an_empty_line_of_the_queries_keeps_the_numbers_of_the_others(fashion200k: Open, data_root: Path) -> None:
    path = data_root / "fashion200k" / "test_queries.txt"
    path.write_text("\n" + path.read_text())
    assert [query.id for query in fashion200k().queries("test")] == ["2", "3", "4"]


def test_queries_with_one_target_share_its_list(fashion200k: Open) -> None:
    targets = [query.targets for query in fashion200k().queries("test-derived")]
    assert len(targets) == 80
    assert len({id(listed) for listed in targets}) == len(set(targets)) < len(targets)
    made = eval_set(fashion200k(), protocol("fashion200k/test-derived")).parts[""]
    kept = made.query_set.targets
    assert len({id(listed) for listed in kept}) == len(set(kept))


def test_derived_queries_need_no_list_of_queries(fashion200k: Open, data_root: Path) -> None:
    (data_root / "fashion200k" / "test_queries.txt").unlink()
    queries = fashion200k().queries("test-derived")
    labels = fashion200k().gallery("test-derived")
    assert [query.id for query in queries] == [f"derived-{image}" for image in labels if "loner" not in image]
    with pytest.raises(DataError, match=r"test_queries\.txt is missing; .* use fashion200k/test-derived"):
        fashion200k().queries("test")


def test_the_gallery_is_every_test_image_category_by_category(fashion200k: Open) -> None:
    gallery = fashion200k().gallery("test")
    assert len(gallery) == 81 and gallery[0] == RED_SHORT
    assert list(dict.fromkeys(image.split("/")[1] for image in gallery)) == [
        "dresss",
        "jackets",
        "pantss",
        "skirts",
        "tops",
    ]


def test_as_many_triplets_are_drawn_as_there_are_images_to_train_on(fashion200k: Open) -> None:
    dataset = fashion200k()
    assert len(dataset.train()) == len(dataset.train_images()) == 81
    assert dataset.train() == dataset.sampler().draw(0, 0)
    assert not set(dataset.train_images()) & set(dataset.gallery("test"))


def test_an_image_is_described_by_its_clean_caption(fashion200k: Open, data_root: Path) -> None:
    labels = data_root / "fashion200k" / "labels" / "dress_test_detect_all.txt"
    labels.write_text(labels.read_text().replace("red short dress", "red & short dress. "))
    assert fashion200k().side_text(RED_SHORT) == "red andmark short dressdotmark"
    assert fashion200k().side_text("women/dresss/train/0/0_0.jpeg") == "red short dress"
    assert fashion200k().side_text("nothing") is None


def test_a_linked_folder_of_images_is_read_but_nothing_outside_it(fashion200k: Open, data_root: Path) -> None:
    root = data_root / "fashion200k"
    (root / "women").rename(data_root / "elsewhere")
    (root / "women").symlink_to(data_root / "elsewhere")
    assert fashion200k().has(RED_SHORT)
    for line in ("women/../../secret.jpeg", "../secret.jpeg", "/secret.jpeg"):
        labels = root / "labels" / "top_test_detect_all.txt"
        labels.write_text(f"{line}\t1\tblack top\n")
        (data_root / "secret.jpeg").write_bytes(b"secret")
        with pytest.raises(
            DataError, match=r"top_test_detect_all\.txt, line 1: '.*secret\.jpeg' must be a path such as"
        ):
            fashion200k().open(line)
    labels.write_text("women/out/secret.jpeg\t1\tblack top\n")
    (data_root / "elsewhere" / "out").symlink_to(data_root)
    with pytest.raises(DataError, match=r"leads outside .* by a symbolic link"):
        fashion200k().open("women/out/secret.jpeg")


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_splits_labels_do_without_the_others(split: str, fashion200k: Open, data_root: Path) -> None:
    for path in (data_root / "fashion200k" / "labels").glob(f"*_{split}_detect_all.txt"):
        path.unlink()
    data = fashion200k()
    there = data.queries("test") if split == "train" else data.train()
    assert len(there) == (3 if split == "train" else 81)
    assert data.has(there[0].reference)
    with pytest.raises(DataError, match=rf"dress_{split}_detect_all\.txt is missing"):
        data.train() if split == "train" else data.queries("test")


def test_published_queries_need_no_captions_that_differ_in_a_word(fashion200k: Open, data_root: Path) -> None:
    for path in (data_root / "fashion200k" / "labels").glob("*_test_*"):
        names = [line.split("\t")[0] for line in path.read_text().splitlines()]
        path.write_text("".join(f"{name}\t1\tgarment\n" for name in names))
    assert len(fashion200k().queries("test")[0].targets) == 81
    with pytest.raises(DataError, match=r"No two captions"):
        fashion200k().queries("test-derived")


def test_byte_order_marks_and_spaces_are_no_part_of_a_path(fashion200k: Open, data_root: Path) -> None:
    before = fashion200k().queries("test"), fashion200k().gallery("test")
    for name in ("test_queries.txt", "labels/dress_test_detect_all.txt"):
        path = data_root / "fashion200k" / name
        path.write_bytes(b"\xef\xbb\xbf " + path.read_bytes().replace(b"\n", b"\r\n"))
    assert (fashion200k().queries("test"), fashion200k().gallery("test")) == before


def test_images_that_no_label_names_are_not_there(fashion200k: Open) -> None:
    assert not fashion200k().has("labels/dress_test_detect_all.txt")
    with pytest.raises(DataError, match=r"is not listed in the label files"):
        fashion200k().open("labels/dress_test_detect_all.txt")


def test_provenance_follows_labels_and_queries(fashion200k: Open, data_root: Path) -> None:
    before = fashion200k().provenance()
    assert len(before) == 11
    (data_root / "fashion200k" / "test_queries.txt").write_text(f"{RED_SHORT} women/dresss/test/2/2_0.jpeg\n")
    assert {name for name, digest in fashion200k().provenance().items() if digest != before[name]} == {
        "test_queries.txt"
    }


def test_verify_holds_the_published_counts_against_it(fashion200k: Open) -> None:
    problems = check_protocol(fashion200k(), protocol("fashion200k/test")).problems
    assert problems == (
        "81 training triplets, 172049 expected.",
        "3 queries, 33480 expected.",
        "81 gallery images, 29789 expected.",
    )


def test_a_missing_label_file_is_named(fashion200k: Open, data_root: Path) -> None:
    (data_root / "fashion200k" / "labels" / "skirt_train_detect_all.txt").unlink()
    with pytest.raises(DataError, match=r"skirt_train_detect_all\.txt is missing; https://github.com/xthan"):
        fashion200k().train()


def test_an_unknown_split_is_refused(fashion200k: Open) -> None:
    with pytest.raises(DataError, match="Fashion200k has no split 'tst' to evaluate; did you mean 'test'"):
        fashion200k().queries("tst")
    with pytest.raises(DataError, match="Fashion200k has no split 'train'"):
        fashion200k().gallery("train")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"women/a.jpeg\tblack dress\n", r"dress_test_detect_all\.txt, line 1: 'path <tab> detection score"),
        (b"women/a.jpeg\t1\tx\nwomen/b.jpeg\t1\t \n", r"line 2: 'path <tab> detection score <tab> caption' was"),
        (b"women/a.jpeg\t1\tx\nwomen/a.jpeg\t1\ty\n", r"line 2: women/a\.jpeg has another caption already"),
        (b"\xff\xfe\n", r"dress_test_detect_all\.txt is not in UTF-8"),
    ],
)
def test_a_wrong_label_file_is_one_sentence(content: bytes, sentence: str, fashion200k: Open, data_root: Path) -> None:
    (data_root / "fashion200k" / "labels" / "dress_test_detect_all.txt").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        fashion200k().gallery("test")


@pytest.mark.parametrize("line", [RED_SHORT, f"{RED_SHORT} women/dresss/train/0/0_0.jpeg", "a b c"])
def test_a_wrong_line_of_queries_is_one_sentence(line: str, fashion200k: Open, data_root: Path) -> None:
    (data_root / "fashion200k" / "test_queries.txt").write_text(f"{RED_SHORT} {RED_SHORT}\n{line}\n")
    with pytest.raises(DataError, match=r"test_queries\.txt, line 2: two images of the test labels were expected"):
        fashion200k().queries("test")


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".JPEG", ".png"])
def test_images_may_have_other_suffixes(suffix: str, fashion200k: Open, data_root: Path) -> None:
    image = fashion200k().gallery("test")[0]
    path = data_root / "fashion200k" / image
    path.rename(path.with_suffix(suffix))
    assert fashion200k().has(image)
    assert fashion200k().file(image) == path.with_suffix(suffix)


def test_paths_with_backslashes_are_understood(fashion200k: Open, data_root: Path) -> None:
    expected = fashion200k()
    queries, gallery = expected.queries("test"), expected.gallery("test")
    root = data_root / "fashion200k"
    for file in (*(root / "labels").iterdir(), root / "test_queries.txt"):
        file.write_text(file.read_text().replace("/", "\\"))
    assert fashion200k().gallery("test") == gallery
    assert fashion200k().queries("test") == queries
    assert fashion200k().has(gallery[0])


def test_links_are_followed_if_the_user_says_so(data_root: Path) -> None:
    folder = data_root / "fashion200k" / "women" / "dresss"
    folder.rename(data_root / "elsewhere")
    folder.symlink_to(data_root / "elsewhere")
    image = "women/dresss/test/0/0_0.jpeg"
    with pytest.raises(DataError, match="--follow-links"):
        Fashion200k(NoParams(), Context(data_root, data_root)).open(image)
    assert Fashion200k(NoParams(), Context(data_root, data_root, follow_links=True)).has(image)
