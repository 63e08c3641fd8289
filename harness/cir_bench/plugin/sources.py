"""`source_of`: what implements an object, as digests of source files, so that an edited plugin makes its cells stale.

Followed are the imports of the module that implements it, as far as they lead to source code of the user's own (files,
checkouts, editable installs) or to cir-bench's own plugins; the harness itself is not followed. A digest is of the
syntax tree without docstrings: formatting and comments change nothing. Of a plugin that was installed as a
distribution, the version and the digests in its RECORD are taken. Nothing is imported here.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

from cir_bench.interfaces.specs import Spec
from cir_bench.plugin.owner import Owner
from cir_bench.plugin.registry import Registered

HARNESS = "cir_bench"
BUILT_IN = "cir_bench_"
"""What the names of cir-bench's own plugin packages begin with."""
DIGITS = 16
UNPARSED = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `ast` raises for a file that is not Python, or is nested too deeply."""


@dataclass(frozen=True)
class Source:
    """``digests`` by file (``package/module.py``), or of the distribution; ``strings``: the constants in the code."""

    digests: dict[str, str]
    strings: frozenset[str]


def source_of(registered: Registered[Spec]) -> Source:
    """The source of the class behind a spec; empty if its module cannot be found."""
    module = registered.spec.class_path.partition(":")[0]
    path = _file_of(module)
    if path is None:
        return Source({}, frozenset())
    if not registered.owner.builtin and not _is_loose(module.partition(".")[0], path):
        return Source(_distribution(registered.owner), _read(path).strings)
    found = _reached(module)
    digests = {_label(name, path): _read(path).digest for name, path in found.items()}
    return Source(dict(sorted(digests.items())), frozenset().union(*(_read(path).strings for path in found.values())))


def code_digest(source: bytes) -> str:
    """Digest of Python source, the same for every formatting and version of Python; of the bytes if it is not Python.

    >>> code_digest(b"x = [1,2]  # two") == code_digest(b"x = [1, 2,]")
    True
    """
    return _digest(source, _tree(source))


def _digest(source: bytes, tree: ast.Module | None) -> str:
    try:
        canonical = source if tree is None else _canonical(tree).encode("utf-8", "surrogatepass")
    except RecursionError:
        canonical = source
    return hashlib.sha256(canonical).hexdigest()[:DIGITS]


def _tree(source: bytes) -> ast.Module | None:
    try:
        return ast.parse(source)
    except UNPARSED:
        return None


@dataclass(frozen=True)
class _File:
    digest: str
    imports: tuple[tuple[int, str], ...]
    """Dots before it, and the name."""
    strings: frozenset[str]


def _reached(start: str) -> dict[str, Path]:
    """The files of a module, of the packages it is in, and of everything that these import, by name of the module."""
    found: dict[str, Path] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found or not _is_followed(name.partition(".")[0]):
            continue
        path = _file_of(name)
        if path is None:
            continue
        found[name] = path
        waiting += [*_packages(name), *_absolute(name, path)]
    return found


def _absolute(module: str, path: Path) -> Iterator[str]:
    """The names of the modules that a module may import."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for dots, name in _read(path).imports:
        if not dots:
            yield name
        elif package:
            base = package.split(".")[: len(package.split(".")) - dots + 1]
            yield ".".join([*base, *([name] if name else [])])


def _packages(module: str) -> Iterator[str]:
    while module := module.rpartition(".")[0]:
        yield module


def _file_of(module: str) -> Path | None:
    """The file of a module, imported or not; None if there is none, as for a package without ``__init__.py``."""
    if file := getattr(sys.modules.get(module), "__file__", None):
        return Path(file)
    top, _, rest = module.partition(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.has_location and spec.origin else None
    return _below(tuple(spec.submodule_search_locations or ()), rest)


@lru_cache(maxsize=8192)
def _below(folders: tuple[str, ...], module: str) -> Path | None:
    for folder in folders:
        stem = Path(folder, *module.split("."))
        for path in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            if path.is_file():
                return path
    return None


@cache
def _is_followed(top: str) -> bool:
    """Whether a top-level module is source code of a plugin, or of the user's own."""
    if top == HARNESS or top in sys.stdlib_module_names:
        return False
    if top.startswith(BUILT_IN):
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    places = [] if spec is None else [*(spec.submodule_search_locations or ()), *filter(None, [spec.origin])]
    return any(_is_loose(top, Path(place)) for place in places)


def _is_loose(top: str, path: Path) -> bool:
    """Whether a file of a top-level module belongs neither to an installed distribution nor to Python."""
    if {"site-packages", "dist-packages"} & set(path.parts):
        return False
    if any(path.is_relative_to(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")):
        return False
    return not any(top in _installed_in(folder) for folder in path.parents)


@cache
def _installed_in(folder: Path) -> frozenset[str]:
    """The top-level modules that pip put into a folder (``pip install --target``), by the RECORD files in it."""
    records = (path.read_text("utf-8", "replace") for path in folder.glob("*.dist-info/RECORD"))
    return frozenset(re.split(r"[/.,]", line, maxsplit=1)[0] for record in records for line in record.splitlines())


def _label(module: str, path: Path) -> str:
    """The file of a module, without the folders of this machine."""
    parts = module.split(".")
    return "/".join([*parts, path.name] if path.name == "__init__.py" else [*parts[:-1], path.name])


def _read(path: Path) -> _File:
    try:
        stat = path.stat()
        return _parsed(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return _File("", (), frozenset())


@lru_cache(maxsize=4096)
def _parsed(path: Path, mtime: int, size: int) -> _File:
    source = path.read_bytes()
    tree = _tree(source)
    nodes = [] if tree is None else list(ast.walk(tree))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return _File(_digest(source, tree), tuple(_imports(nodes)), frozenset(texts))


def _imports(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [node.module] if node.module else []
            yield node.level, ".".join(base)
            yield from ((node.level, ".".join([*base, alias.name])) for alias in node.names)


def _canonical(node: object) -> str:
    """A syntax tree as text. Empty fields are left out, because versions of Python differ in which fields there are."""
    if isinstance(node, list):
        return f"[{','.join(map(_canonical, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if name not in {"ctx", "kind", "type_comment"}}
    if _has_docstring(node):
        fields["body"] = fields["body"][1:]
    if isinstance(node, ast.JoinedStr):  # Python 3.12.0 to 3.12.3 leave empty pieces in f-strings
        fields["values"] = [one for one in node.values if not isinstance(one, ast.Constant) or one.value]
    kept = (f"{name}={_canonical(value)}" for name, value in fields.items() if value is not None and value != [])
    return f"{type(node).__name__}({','.join(kept)})"


def _has_docstring(node: ast.AST) -> bool:
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or not node.body:
        return False
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


@cache
def _distribution(owner: Owner) -> dict[str, str]:
    """Version and digest of the RECORD; lines without a hash, or of the installer's own files, differ by machine."""
    try:
        record = metadata.distribution(owner.distribution).read_text("RECORD") or ""
    except metadata.PackageNotFoundError:
        record = ""
    rows = [row[:2] for row in csv.reader(record.splitlines()) if len(row) > 1 and row[1]]
    kept = sorted(row for row in rows if ".dist-info/" not in row[0] and not row[0].startswith(".."))
    return {"version": owner.version, "RECORD": hashlib.sha256(repr(kept).encode()).hexdigest()[:DIGITS]}
