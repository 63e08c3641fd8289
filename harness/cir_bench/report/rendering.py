"""Pages from templates: everything is escaped, styles and script are inside, nothing is loaded from a network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cir_bench.leaderboards.escape import LONGEST_LINE
from cir_bench.report.svg import swatch
from cir_bench.version import __version__

TEMPLATES = "templates"
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{script}'; "
    "base-uri 'none'; form-action 'none'"
)
"""The browser loads nothing and runs only our script (by its digest), whatever a record contains."""


def render(template: str, **values: Any) -> str:
    """The page of a template; every value in it is escaped unless it is `Markup`."""
    script = _text("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return fragment(
        template,
        style=Markup(_text("report.css")),  # noqa: S704 (our own file)
        script=Markup(script),  # noqa: S704 (our own file)
        policy=POLICY.format(script=f"sha256-{digest}"),
        version=__version__,
        **values,
    )


def fragment(template: str, **values: Any) -> Markup:
    """A piece of a page."""
    return Markup(_environment().get_template(template).render(**values))  # noqa: S704 (escaped by the template)


def _bounded(value: Any) -> Any:
    """A text of at most `LONGEST_LINE` characters; what is escaped already is ours, and stays."""
    return value[: LONGEST_LINE - 1] + "…" if type(value) is str and len(value) > LONGEST_LINE else value


@cache
def _environment() -> Environment:
    loader = PackageLoader("cir_bench.report", TEMPLATES)
    jinja = Environment(
        loader=loader,
        autoescape=True,
        finalize=_bounded,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals["swatch"] = swatch
    return jinja


@cache
def _text(name: str) -> str:
    return (files("cir_bench.report") / TEMPLATES / name).read_text(encoding="utf-8")
