from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import pytest

from cir_bench import DatasetSpec, Params
from cir_bench.errors import ConfigError
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.find import find_benchmark

FILE = """
name: {name}
dataset: somewhere
dataset_params: {{size: 3}}
default_encoder: tiny
protocols:
  main@1: {{reference: kept, metrics: [R@1], headline: {{name: R@1, mean_of: [R@1]}}}}
  other@1: {{reference: removed, metrics: [R@1], headline: {{name: R@1, mean_of: [R@1]}}}}
"""
HASHES = {
    "circo/val@1": "8a9fbb561b14",
    "circo/test@1": "c764c63c685b",
    "circo/val-concept@1": "ea27f5a7f6a1",
    "circo/test-concept@1": "54722449d927",
    "cirr/val@1": "487fb8096188",
    "cirr/val-soft@1": "c38de1521d63",
    "cirr/test1@1": "c9b36eb7b525",
    "cirr/mbeir@1": "0cbc49d33627",
    "css/test@1": "b267c96db6db",
    "fashion200k/test@1": "047c2eaa400c",
    "fashion200k/test-derived@1": "d2836a89b8dc",
    "icir/test@1": "97c3758ef2dd",
    "lasco/val@1": "21bbd0e7ccd5",
    "lasco/val-removed@1": "e281a52e5920",
    "domain-conversion/pic2word@1": "c4d66077eaec",
    "domain-conversion/any-hit@1": "be3576300968",
    "freedom-imagenet-r/pairs@1": "0e1ac5aea411",
    "freedom-ltll/pairs@1": "0e1ac5aea411",
    "freedom-minidn/pairs@1": "0e1ac5aea411",
    "freedom-nico/pairs@1": "0e1ac5aea411",
    "genecis/val@1": "292476bc1ec0",
    "fashioniq/original@1": "045123cdca41",
    "fashioniq/val-union@1": "d8108d9a6aa6",
    "fashioniq/val-each-caption@1": "97c00bcd8a7d",
    "fashioniq/val-union-corrected@1": "456cbbccf8b1",
    "fashioniq/both-orders@1": "4ce4ca527956",
    "fashioniq/mean-of-orders@1": "07e070147ba2",
    "fashioniq/mbeir@1": "696a6bcd3886",
    "folder/default@1": "372fd9e260aa",
    "hf/default@1": "372fd9e260aa",
    "hf/reference-kept@1": "17629a4b25e0",
    "hf/parts@1": "47b69dc543e8",
    "hf/parts-union@1": "208c8aa56e5c",
    "hf/subset@1": "d323eabb4479",
    "hf/average-precision@1": "15ed663d7a15",
    "hf/candidates@1": "327fc9594d99",
    "hf/parts-candidates@1": "16e52651346e",
    "pinpoint/test@1": "64d3ba68b9b4",
    "shoes/eval@1": "b4ce10e10329",
    "shoes/eval-both-sides@1": "3caee8530c7e",
}


class SomewhereParams(Params):
    argument: ClassVar[str | None] = "place"
    place: str
    size: int = 1


SPEC = DatasetSpec(name="somewhere", summary="", implementation="a:B", params=SomewhereParams)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in ("mine", "yours"):
        (tmp_path / f"{name}.yaml").write_text(FILE.format(name=name))
    return sorted(tmp_path.glob("*.yaml"))


@pytest.mark.parametrize(
    ("name", "protocol", "path"),
    [
        ("mine", "main@1", None),
        ("mine/other", "other@1", None),
        ("mine/other@1", "other@1", None),
        ("mine:../a/b", "main@1", "../a/b"),
        ("mine/other:C:/photos", "other@1", "C:/photos"),
    ],
)
def test_names(name: str, protocol: str, path: str | None, files: list[Path]) -> None:
    chosen = find_benchmark(name, files)
    assert (chosen.benchmark.name, chosen.protocol_key, chosen.path) == ("mine", protocol, path)


def test_a_record_names_the_folder_not_the_way_to_it(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    chosen = find_benchmark(f"mine/other:{tmp_path}/x/../photos", files)
    assert re.fullmatch("mine:photos-[0-9a-f]{6}", chosen.label) and chosen.name == f"{chosen.label}/other@1"
    assert find_benchmark("mine", files).name == "mine/main@1"


@pytest.mark.parametrize("name", ["mien", "mine/ohter", "mine/other@7"])
def test_an_unknown_name_is_refused_with_the_nearest(name: str, files: list[Path]) -> None:
    with pytest.raises(ConfigError, match=r"did you mean '(mine|other@1)'\?"):
        find_benchmark(name, files)


def test_a_protocol_behind_the_path_is_refused_with_the_right_order(files: list[Path], tmp_path: Path) -> None:
    for protocol in ("other", "other@1"):
        with pytest.raises(ConfigError, match=re.escape(f"did you mean mine/{protocol}:{tmp_path}? The protocol")):
            find_benchmark(f"mine:{tmp_path}/{protocol}", files)
    for path in (f"{tmp_path}/ohter", f"{tmp_path}/nowhere/other", "owner/other", "other"):
        assert find_benchmark(f"mine:{path}", files).path == path
    (tmp_path / "other").mkdir()
    assert find_benchmark(f"mine:{tmp_path}/other", files).path == f"{tmp_path}/other"


def test_a_broken_file_stands_in_nobody_elses_way(files: list[Path]) -> None:
    files[1].write_text("name: [")
    assert find_benchmark("mine", files).benchmark.name == "mine"
    with pytest.raises(ConfigError, match=r"There is no benchmark 'yours'.*yours\.yaml"):
        find_benchmark("yours", files)


def test_two_files_with_one_name_are_refused_by_both_names(files: list[Path]) -> None:
    files[1].write_text(FILE.format(name="mine"))
    with pytest.raises(ConfigError, match=r"'mine' is defined twice, in .*mine\.yaml and in .*yours\.yaml"):
        find_benchmark("mine", files)


def test_the_path_becomes_a_parameter_beside_those_of_the_file(files: list[Path]) -> None:
    assert find_benchmark("mine:x", files).dataset_params(SPEC) == SomewhereParams(place="x", size=3)


def test_a_path_must_be_given_where_one_is_needed_and_nowhere_else(files: list[Path]) -> None:
    with pytest.raises(ConfigError, match="needs a path; write mine:PATH"):
        find_benchmark("mine", files).dataset_params(SPEC)
    plain = DatasetSpec(name="somewhere", summary="", implementation="a:B")
    with pytest.raises(ConfigError, match="takes no argument"):
        find_benchmark("mine:x", files).dataset_params(plain)


def test_a_changed_builtin_protocol_needs_a_new_version() -> None:
    """These hashes are in records of users; a protocol that must change gets a new version instead."""
    hashes = {
        f"{benchmark.name}/{key}": protocol.hash()[:12]
        for benchmark in map(load_benchmark, builtin_benchmarks())
        for key, protocol in benchmark.protocols.items()
    }
    assert hashes == HASHES
