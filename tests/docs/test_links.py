"""Links lead somewhere, and every page is linked."""

import re
from posixpath import dirname, join, normpath

REPOSITORY = "https://github.com/cir-bench/cir-bench"
_LINK = re.compile(r"\]\(([^()\s]+)\)")


def targets(page, text):
    """The files that a page links to, by their paths in the checkout."""
    for link in _LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        path = link.partition("#")[0]
        if path.startswith(f"{REPOSITORY}/blob/main/"):
            yield path.removeprefix(f"{REPOSITORY}/blob/main/")
        elif path and not path.startswith(("http://", "https://", "mailto:")):
            yield normpath(join(dirname(page), path))


def test_every_link_to_a_file_leads_to_one(pages, checkout):
    dead = [
        (page, path) for page, text in pages.items() for path in targets(page, text) if not (checkout / path).exists()
    ]
    assert dead == []


def test_every_link_to_a_heading_leads_to_one(pages):
    for page, text in pages.items():
        for path, anchor in re.findall(r"\]\(([\w./-]+\.md)?#([\w-]+)\)", text):
            target = normpath(join(dirname(page), path)) if path else page
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", pages[target], re.MULTILINE)}, page


def slug(heading):
    return re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-")


def test_every_page_is_linked_from_the_first_one_or_its_neighbours(pages):
    """From README.md or docs/index.md, directly."""
    linked = {path for start in ("README.md", "docs/index.md") for path in targets(start, pages[start])}
    assert [page for page in pages if page.startswith("docs/") and page not in linked | {"docs/index.md"}] == []


def test_every_page_is_in_the_site_s_contents(docs, checkout):
    contents = (checkout / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    assert [page for page in docs if f"- {page}\n" not in f"{contents}\n"] == []


def test_the_project_has_one_address(pages, checkout):
    others = {"CHANGELOG.md", "SECURITY.md", "CITATION.cff", "pyproject.toml"}
    texts = [*pages.values(), *((checkout / name).read_text(encoding="utf-8") for name in others)]
    named = {found for text in texts for found in re.findall(r"https://[^\s\"')>]*cir-bench[^\s\"')>]*", text)}
    assert [url for url in named if not re.match(rf"{re.escape(REPOSITORY)}(/|$|\.)", url)] == []
