"""The site builds in strict mode, and asks no other server for anything."""

import re

import pytest


@pytest.fixture(scope="module")
def site(checkout, tmp_path_factory):
    pytest.importorskip("material", reason="the site is built with mkdocs-material: pip install -e '.[docs]'")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    out = tmp_path_factory.mktemp("site")
    config = load_config(str(checkout / "mkdocs.yml"), site_dir=str(out), strict=True)
    build(config)  # raises when a link leads nowhere
    return out


def test_every_page_is_there(site, docs):
    assert {page.replace(".md", ".html") for page in docs} <= {
        path.relative_to(site).as_posix() for path in site.rglob("*.html")
    }


def test_its_first_page_has_the_committed_leaderboards_and_the_report_next_to_it(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    for method in ("sadn", "tgcir", "random"):
        assert f"<code>{method}</code>" in tables[0]
    assert any("Rmean" in table for table in tables[1:])
    assert '<a href="report.html">' in page
    assert "fashioniq" in (site / "report.html").read_text(encoding="utf-8")


def test_it_is_strict(checkout):
    text = (checkout / "mkdocs.yml").read_text(encoding="utf-8")
    assert "strict: true" in text
    assert text.count(": warn") == 4


def test_nothing_is_loaded_from_elsewhere(site):
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?(https?://[^\" >]+)", page)
        assert [url for url in loaded if "rel=canonical" not in url] == [], path.name
