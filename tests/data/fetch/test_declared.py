"""What the built-in data sets declare: pinned, consistent, and equal to the official files where those are at hand."""

from __future__ import annotations

import re

import pytest

from cir_bench import DatasetSpec, RemoteFile
from cir_bench.data.fetch import sha256_of
from cir_bench.plugin.loader import PluginOptions, load_plugins

SPECS = {
    name: one.spec
    for name, one in load_plugins(PluginOptions(third_party=False), environ={}).all(DatasetSpec).items()
    if one.owner.builtin
}
FILES = [pytest.param(name, file, id=f"{name}/{file.path}") for name, spec in SPECS.items() for file in spec.files]


def test_the_data_sets_with_public_annotations_declare_them() -> None:
    assert {name for name, spec in SPECS.items() if spec.files} == {
        "circo",
        "cirr",
        "fashioniq",
        "genecis",
        "lasco",
        "pinpoint",
        "shoes",
    }


def test_circo_is_fetched_with_its_licence_accepted_only() -> None:
    assert {name for name, spec in SPECS.items() if spec.non_commercial} == {"circo", "genecis", "icir"}


@pytest.mark.parametrize("name", SPECS)
def test_a_data_set_that_needs_files_says_how_to_come_by_them(name: str) -> None:
    spec = SPECS[name]
    if spec.needs_root:
        assert spec.licence != "unknown" and spec.homepage and spec.citation and spec.steps
        assert spec.steps[-1] == f"cir-bench data verify {name}"
    assert len({file.path for file in spec.files}) == len(spec.files)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_every_url_is_that_of_a_commit(name: str, file: RemoteFile) -> None:
    assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/[0-9a-f]{40}/.+", file.url)
    assert file.url.endswith(file.path.rpartition("/")[2])


@pytest.mark.shared
@pytest.mark.parametrize(("name", "file"), FILES)
def test_the_declared_content_is_the_official_one(name: str, file: RemoteFile, real_data) -> None:
    path = real_data(f"{name}/{file.path}") / name / file.path
    assert (path.stat().st_size, sha256_of(path)) == (file.size, file.sha256)
