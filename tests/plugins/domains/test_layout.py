from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.parquet_copy import assert_comes_back
from support.protocols import protocol

from cir_bench import NO_TARGET, DataError, Query
from cir_bench.protocols.build import eval_set
from cir_bench_domains.dataset import DomainConversion

Open = Callable[..., DomainConversion]
CARTOONS = ("imgnet/imagenet-r/n1/cartoon_1.jpg", "imgnet/imagenet-r/n1/cartoon_2.jpg")


def test_every_photo_is_asked_for_in_every_domain(domains: Open) -> None:
    queries = domains().queries("test")
    assert len(queries) == 8
    assert queries[0] == Query("cartoon-0", "imgnet/real/n1/a.JPEG", ("cartoon",), CARTOONS, "cartoon")
    assert queries[1].targets == (NO_TARGET,)  # no cartoon of class 7


def test_the_photos_are_distractors_in_every_gallery(domains: Open) -> None:
    galleries = {tuple(domains().gallery("test", part)) for part in domains().parts}
    ((*first, one, other),) = galleries
    assert len(first) == 3 and (one, other) == ("imgnet/real/n1/a.JPEG", "imgnet/real/n2/b.JPEG")


def test_pairs_of_domains_are_parts_and_a_path_may_have_spaces(domains: Open) -> None:
    ltll = domains("ltll")
    assert ltll.parts == ("New-Old", "Old-New")
    assert [query.id for query in ltll.queries("test")] == ["New-Old-0", "Old-New-1", "Old-New-2"]
    assert ltll.queries("test")[1] == Query("Old-New-1", "ltll/Old/c.jpg", ("Today",), ("ltll/New/a b.jpg",), "Old-New")
    assert ltll.queries("test")[2].targets == (NO_TARGET,)


def test_the_photos_of_imagenet_r_are_a_domain_of_its_pairs(domains: Open) -> None:
    queries = domains("imagenet-r").queries("test")
    assert len(queries) == 4 * 5
    (back,) = [query for query in queries if query.part == "toy-photo"]
    assert (back.captions, back.targets) == (("photo",), ("imgnet/real/n1/a.JPEG",))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("x.jpg 9001", "line 6, has the label 9001, which stands for no domain"),
        ("x.jpg y", "line 6, must be a path and a label"),
        ("3", "line 6, must be a path and a label"),
        ("imgnet/real/n1/a.JPEG 6002", "lists imgnet/real/n1/a.JPEG more than once"),
    ],
)
def test_a_line_that_is_none_is_named(line: str, sentence: str, domains: Open, root: Path) -> None:
    with (root / "imagenet_r" / "imgnet_targets.txt").open("a") as file:
        file.write(line)
    with pytest.raises(DataError, match=sentence):
        domains().queries("test")


def test_a_domain_of_another_collection_is_refused(domains: Open, root: Path) -> None:
    with (root / "ltll" / "full_files.csv").open("a") as file:
        file.write("ltll/x.jpg autumn Taj")
    with pytest.raises(DataError, match="in the domain 'autumn'"):
        domains("ltll").queries("test")


def test_a_missing_list_is_named_with_its_source(domains: Open) -> None:
    with pytest.raises(DataError, match=r"database_files\.csv is missing.*copy data/ of https://github\.com/NikosEfth"):
        domains("nico").queries("test")


def test_an_id_never_leaves_the_folder(domains: Open) -> None:
    assert not domains().has("../secret.jpg")
    with pytest.raises(DataError):
        domains().open("/etc/passwd")


def test_there_is_no_other_split(domains: Open) -> None:
    with pytest.raises(DataError, match="has no split 'val'"):
        domains().queries("val")


@pytest.mark.parametrize("of", ["pic2word", "ltll"])
def test_written_as_parquet_queries_without_a_target_come_back_too(of: str, domains: Open, tmp_path: Path) -> None:
    assert_comes_back(domains(of), tmp_path, "test")


def test_the_templates_are_those_of_the_authors(domains: Open) -> None:
    part = eval_set(domains(), protocol("domain-conversion/any-hit")).parts["toy"]
    assert part.queries[0].texts == ("find this object in toy",)
    assert protocol("domain-conversion/pic2word").templates.pseudo_word == "a {text} of $"
