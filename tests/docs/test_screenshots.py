"""The pictures of the page of ``serve``: those that the script keeps, each on a page, each small."""

import re

import pytest

MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def pictures(checkout):
    return {path.name: path for path in (checkout / "docs" / "images").iterdir()}


def test_they_are_those_that_the_script_keeps(checkout, pictures):
    script = (checkout / "docs" / "screenshots.py").read_text(encoding="utf-8")
    (kept,) = re.findall(r"^KEPT = \((.+)\)$", script, re.MULTILINE)
    assert sorted(pictures) == sorted(f"{name}.webp" for name in re.findall(r'"([\w-]+)"', kept))


def test_each_is_shown_and_small(docs, pictures):
    shown = re.findall(r"!\[[^\]]{20,}\]\(images/([\w.-]+)\)", docs["search.md"])
    assert sorted(shown) == sorted(pictures)
    assert [name for name, path in pictures.items() if path.stat().st_size > MOST_BYTES] == []
