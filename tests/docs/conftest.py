"""The documentation: the pages of docs/, the other Markdown files that people write, and the code in them."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
OTHERS = ["README.md", "CONTRIBUTING.md", "benchmarks/README.md", "plugins/*/README.md"]
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class CodeBlock(NamedTuple):
    """A block of code on a page."""

    page: str
    language: str
    text: str


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def docs() -> dict[str, str]:
    """Every page by its path below docs/."""
    return {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}


@pytest.fixture(scope="session")
def written(docs: dict[str, str]) -> dict[str, str]:
    """The pages of docs/ that people write."""
    return {page: text for page, text in docs.items() if "Written by docs/generate.py" not in text}


@pytest.fixture(scope="session")
def pages(written: dict[str, str]) -> dict[str, str]:
    """Everything that people write, by its path in the checkout: docs/, the README, and those of other folders."""
    others = [path for pattern in OTHERS for path in sorted(CHECKOUT.glob(pattern))]
    return {f"docs/{page}": text for page, text in written.items()} | {
        path.relative_to(CHECKOUT).as_posix(): path.read_text(encoding="utf-8") for path in others
    }


@pytest.fixture(scope="session")
def blocks(pages: dict[str, str]) -> list[CodeBlock]:
    """The blocks of code of those pages, in order."""
    return [CodeBlock(page, found[2], found[3]) for page, text in pages.items() for found in _FENCE.finditer(text)]


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """docs/generate.py."""
    return _script("generate")


@pytest.fixture(scope="session")
def reference_api() -> ModuleType:
    """docs/reference_api.py."""
    return _script("reference_api")


@pytest.fixture(scope="session")
def reference_cli() -> ModuleType:
    """docs/reference_cli.py."""
    return _script("reference_cli")


@pytest.fixture(scope="session")
def structure() -> ModuleType:
    """docs/structure.py."""
    return _script("structure")


@pytest.fixture(scope="session")
def picture() -> ModuleType:
    """docs/picture.py."""
    return _script("picture")


def _script(name: str) -> ModuleType:
    if str(DOCS) not in sys.path:
        sys.path.append(str(DOCS))  # scripts import their neighbours
    return importlib.import_module(name)
