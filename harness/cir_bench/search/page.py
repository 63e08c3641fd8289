"""The results of a search as a page that refers to the images on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from cir_bench.search.steps import Step


def results_page(steps: Sequence[Step]) -> str:
    """The page in HTML."""
    environment = Environment(
        loader=PackageLoader("cir_bench.search"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"uri": lambda path: Path(path).as_uri(), "name": lambda path: Path(path).name}
    return environment.get_template("results.html").render(steps=steps)
