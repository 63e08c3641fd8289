"""docs/architecture.md: every file it names exists, and its floors are those that the linter checks."""

import re

import pytest

tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11's tomllib")


@pytest.fixture(scope="module")
def page(written):
    return written["architecture.md"]


def test_every_path_on_the_page_exists(page, checkout):
    named = {path for path in re.findall(r"`([\w./-]+)`", page) if "/" in path and not path.startswith("fashioniq/")}
    assert len(named) > 60
    missing = [path for path in named if not (checkout / re.sub(r"^cir_bench/", "harness/cir_bench/", path)).exists()]
    assert missing == []


def test_its_table_shows_the_layers_of_the_linter(page, checkout):
    """In the same order, from the top."""
    contracts = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in contracts["contracts"] if contract["type"] == "layers"]
    table = page.partition("## The layers")[2].partition("\n## ")[0]
    rows = [re.findall(r"`cir_bench/(\w+)(?:/|\.py)`", row.split("|")[1]) for row in table.splitlines() if "|" in row]
    assert [set(row) for row in rows if row] == [set(re.split(r" [|:] ", layer)) for layer in layers]


def test_every_package_of_the_harness_has_a_layer(page, checkout):
    packages = {path.parent.name for path in (checkout / "harness" / "cir_bench").glob("*/__init__.py")}
    assert {package for package in packages if f"`cir_bench/{package}/`" not in page} == set()


def test_the_life_of_a_query_takes_about_ten_files_of_the_harness(page):
    way = page.partition("## The life of a query")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\.", way, re.MULTILINE) == [str(step) for step in range(1, 11)]


def test_packages_have_no_cycles_and_nothing_is_too_long(structure):
    assert structure.cycles(structure.imports()) == []
    assert structure.too_long() == []
