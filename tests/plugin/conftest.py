"""Plugins made up for a test: real metadata on ``sys.path``, found by the same door as an installed distribution."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cir_bench.plugin.candidates import installed
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry

METHOD = """
from cir_bench import MethodSpec, hookimpl

@hookimpl
def cir_bench_methods():
    return [MethodSpec(name={name!r}, summary="a method", implementation="{module}:Mine")]
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """``install(distribution, source)``: a distribution with one module and one entry point of our group."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def put(
        distribution: str, source: str, *, version: str = "1.0", module: str = "", attribute: str = "", point: str = ""
    ) -> None:
        module = module or distribution.replace("-", "_")
        if source:
            (site / f"{module}.py").write_text(textwrap.dedent(source))
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        target = f"{module}:{attribute}" if attribute else module
        (info / "entry_points.txt").write_text(f"[cir_bench]\n{point or distribution} = {target}\n")

    yield put
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(site) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture
def discover() -> Callable[..., Registry]:
    """Load the third-party plugins that the test installed (not cir-bench's own), with an empty environment."""

    def load(environ: dict[str, str] | None = None, **options: object) -> Registry:
        found = [candidate for candidate in installed() if not candidate.owner.builtin]
        return load_plugins(PluginOptions(**options), environ=environ or {}, found=found)  # type: ignore[arg-type]

    return load


@pytest.fixture
def good(install: Install) -> str:
    """An installed plugin without fault, which must survive whatever happens to the others."""
    install("good-plugin", METHOD.format(name="good", module="good_plugin"), version="2.3")
    return "good"
