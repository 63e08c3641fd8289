"""What implements an object is known from its source files: its own, and those that they import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cir_bench import MethodSpec
from cir_bench.plugin import sources
from cir_bench.plugin.candidates import from_file
from cir_bench.plugin.loader import load_plugins
from cir_bench.plugin.owner import CORE, Owner
from cir_bench.plugin.registry import Registered
from cir_bench.plugin.sources import code_digest, source_of

CODE = b'''
"""A module."""
import math

class A(B, metaclass=C):
    """A class."""
    x: int = 1

    def f(self, a, *, b=None):
        """A function."""
        return f"{a!r:>{b}} and {math.pi:.2f}" + "text"  # a comment
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of a checkout: ``method`` imports ``parts.layers``, which imports ``constants``."""
    root = tmp_path / "own_sources_package"
    (root / "parts").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "parts" / "__init__.py").write_text("")
    (root / "method.py").write_text("import torch\nfrom .parts.layers import Layer\n\nclass Mine: pass\n")
    (root / "parts" / "layers.py").write_text("def Layer():\n    from ..constants import N\n    return N\n")
    (root / "constants.py").write_text("N = 1\n")
    (root / "other.py").write_text("N = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return root


def _source(where: str, distribution: str = "own") -> dict[str, str]:
    spec = MethodSpec(name="mine", summary="x", implementation=where)
    return source_of(Registered(spec, Owner(distribution, "1.0", "mine"))).digests


def test_a_package_has_the_files_that_its_class_imports(package: Path) -> None:
    name = package.name
    files = ["__init__.py", "constants.py", "method.py", "parts/__init__.py", "parts/layers.py"]
    found = _source(f"{name}.method:Mine")
    assert list(found) == [f"{name}/{file}" for file in files]
    assert f"{name}.method" not in sys.modules, "it was imported"


@pytest.mark.parametrize(
    ("file", "changes"), [("constants.py", True), ("parts/layers.py", True), ("other.py", False), ("__init__.py", True)]
)
def test_an_edit_changes_the_digest_of_its_file_alone(package: Path, file: str, changes: bool) -> None:
    before = _source(f"{package.name}.method:Mine")
    (package / file).write_text((package / file).read_text() + "\nM = 2\n")
    after = _source(f"{package.name}.method:Mine")
    different = {name for name in before if before[name] != after[name]}
    assert different == ({f"{package.name}/{file}"} if changes else set())


def test_a_class_in_a_single_file_has_the_helpers_next_to_it(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "own_sources_helper.py").write_text("N = 1\n")
    (tmp_path / "unrelated.py").write_text("N = 1\n")
    path = tmp_path / "my plugin.py"
    path.write_text("import own_sources_helper\nclass Mine: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    candidate = from_file(path)
    candidate.load()
    assert list(_source(f"{candidate.module}:Mine", path.name)) == ["my plugin.py", "own_sources_helper.py"]
    sys.modules.pop("own_sources_helper")


def test_an_installed_distribution_is_its_version_and_its_record() -> None:
    import pluggy

    assert "site-packages" in pluggy.__file__
    found = _source("pluggy._manager:PluginManager", "pluggy")
    assert set(found) == {"version", "RECORD"} and len(found["RECORD"]) == sources.DIGITS


def test_what_pip_put_into_a_folder_of_another_name_is_not_followed(tmp_path: Path, monkeypatch) -> None:
    """``pip install --target DIR`` and PYTHONPATH, as on clusters: otherwise all of torch would be read."""
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "__init__.py").write_text("")
    (tmp_path / "big-1.0.dist-info").mkdir()
    (tmp_path / "big-1.0.dist-info" / "RECORD").write_text("big/__init__.py,sha256=x,0\nbig-1.0.dist-info/RECORD,,\n")
    (tmp_path / "own_beside_it.py").write_text("import big\n\nclass Mine: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(_source("own_beside_it:Mine")) == ["own_beside_it.py"]
    assert list(_source("big:Mine", "no-such-distribution")) == ["version", "RECORD"]


def test_the_plugins_of_cir_bench_are_followed_but_not_the_harness() -> None:
    registered = load_plugins(environ={}).method("tirg")
    assert registered.owner.distribution == CORE
    found = source_of(registered).digests
    assert {"cir_bench_tirg/method.py", "cir_bench_tirg/composer.py"} <= set(found)
    assert all(file.startswith("cir_bench_") for file in found)


def test_a_module_that_is_not_there_has_no_source() -> None:
    assert _source("no_such_package_anywhere.method:Mine") == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"# a comment", b""),
        (b'"""A class."""', b'"""Another docstring."""'),
        (b'    """A function."""\n', b""),
        (b"(self, a, *, b=None)", b"(\n        self,\n        a,\n        *,\n        b=None,\n    )"),
        (b'"text"', b"'text'"),
        (b"x: int = 1", b"x: int = (1)"),
    ],
)
def test_formatting_comments_and_docstrings_change_no_digest(old: bytes, new: bytes) -> None:
    assert old in CODE and code_digest(CODE.replace(old, new)) == code_digest(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"= 1", b"= 2"), (b"= 1", b"= 1.0"), (b"text", b"test"), (b".2f", b".3f"), (b"b=None", b"b=0"), (b"!r", b"!s")],
)
def test_a_change_of_the_code_changes_the_digest(old: bytes, new: bytes) -> None:
    assert old in CODE and code_digest(CODE.replace(old, new)) != code_digest(CODE)


def test_the_digest_is_the_same_for_every_version_of_python() -> None:
    assert code_digest(CODE) == "439ba1ac4399c61e"


@pytest.mark.parametrize("source", [b"def f(:", b"\x00", b"x = " + b"-" * 100_000 + b"1"])
def test_what_is_not_python_has_the_digest_of_its_bytes(source: bytes) -> None:
    assert code_digest(source) != code_digest(source + b" ")
