"""Pages: templates filled with everything escaped, styles and script inside, nothing asked of a network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cir_bench.report import svg
from cir_bench.version import __version__

TEMPLATES = "templates"
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{script}'; "
    "base-uri 'none'; form-action 'none'"
)
"""The browser loads nothing, and runs no script but ours (by its digest), whatever a record may hold."""


def render(template: str, **values: Any) -> str:
    """The page of a template; every value in it is escaped unless it is `Markup` made here."""
    script = _text("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(_text("report.css")),  # noqa: S704 (our own file)
            script=Markup(script),  # noqa: S704 (our own file)
            policy=POLICY.format(script=f"sha256-{digest}"),
            version=__version__,
            swatch=svg.swatch,
            **values,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cir_bench.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _text(name: str) -> str:
    return (files("cir_bench.report") / TEMPLATES / name).read_text(encoding="utf-8")
