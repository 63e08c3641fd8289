"""``cir-bench data info`` tells what a data set is before a single file of it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize(
    "name",
    [
        "circo",
        "cirr",
        "css",
        "domain-conversion",
        "fashion200k",
        "fashioniq",
        "folder",
        "genecis",
        "hf",
        "icir",
        "lasco",
        "pinpoint",
        "shoes",
    ],
)
def test_every_data_set_tells_about_itself_without_files(name: str, run: Run) -> None:
    done = run("data", "info", name)
    assert done.code == 0
    assert f"dataset: {name}" in done.out and "licence: " in done.out
    facts = json.loads(run("data", "info", name, "--json").out)
    assert facts["dataset"] == name
    assert (facts["left_out"] is None) == (name == "css")
    own = name in ("folder", "hf")  # the user's data
    assert ("citation:\n@" in done.out) is not own
    counted = any(line.startswith("training triplets: ") and line[-1].isdigit() for line in done.out.splitlines())
    assert counted is not (own or name == "lasco")  # how many LaSCo has was not counted


def test_what_needs_the_files_is_left_out_and_the_published_sizes_stand_in(run: Run) -> None:
    done = run("data", "info", "fashioniq")
    for words in (
        "annotations: 12 files, 5.9 MB: cir-bench data fetch fashioniq",
        "manual step 2: download every URL to DIR/fashioniq/images/ASIN.jpg",
        "@inproceedings{wu2021fashioniq,",
        "training triplets: 18000",
        "protocol original@1: dress 2017 queries over 3817 images, shirt 2038",
        "counts and digests of the files are not shown: give their folder with --data-root DIR",
    ):
        assert words in done.out
    facts = json.loads(run("data", "info", "fashioniq", "--json").out)
    assert facts["expected"]["original@1"]["n_train"] == 18000
    assert len(facts["files"]) == 12 and "protocols" not in facts


def test_a_data_root_without_the_data_set_says_how_to_begin(run: Run, tmp_path: Path) -> None:
    done = run("data", "info", "fashioniq", "--data-root", tmp_path)
    assert done.code == 0
    assert f"there is no {tmp_path}/fashioniq; start with `cir-bench data fetch fashioniq`" in done.out


def test_a_data_root_that_is_not_there_is_a_mistake(run: Run, tmp_path: Path) -> None:
    done = run("data", "info", "fashioniq", "--data-root", tmp_path / "nowhere")
    assert done.code == 2
    assert "there is no such folder" in done.err


def test_a_non_commercial_licence_stands_out(run: Run) -> None:
    assert "licence: CC BY-NC 4.0 (annotations)" in run("data", "info", "circo").out
    assert " - NON-COMMERCIAL\n" in run("data", "info", "circo").out


def test_a_gallery_whose_published_size_is_not_known_is_not_guessed(run):
    line = next(line for line in run("data", "info", "genecis").out.splitlines() if "val@1" in line)
    assert "change_attribute 2112 queries, focus_object 1960 queries over 2192 images" in line
