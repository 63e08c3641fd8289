"""The documentation's folder, its pages, and the code in them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
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
    """The pages that people write."""
    return {page: text for page, text in docs.items() if "Written by docs/generate.py" not in text}


@pytest.fixture(scope="session")
def blocks(written: dict[str, str]) -> list[Block]:
    """The blocks of code of those pages, in order."""
    return [Block(page, found[2], found[3]) for page, text in written.items() for found in _FENCE.finditer(text)]


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """docs/generate.py."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
