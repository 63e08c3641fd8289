"""The page reference/api.md: everything that a third party may import, from the source."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import cir_bench
import cir_bench.utils
from cir_bench.utils.lazy import homes

SPECIAL = {"__init__", "__call__", "__len__", "__getitem__", "__or__"}
FIXTURES = "cir_bench.pytest_plugin"
TESTING = "cir_bench.testing"


def api_page() -> str:
    """Every public name with its signature and docstrings, and those of its members, read from the source."""
    parts = [
        "# Public API\n",
        "Everything that a plugin may import: the names of `cir_bench`, the helpers of `cir_bench.utils`, the",
        "contract classes of `cir_bench.testing`, and the fixtures of the pytest plugin. It changes as described in",
        "[Stability](../stability.md); anything else may change without notice.\n",
    ]
    for face in (cir_bench, cir_bench.utils):
        parts.append(f"## {face.__name__}\n")
        home_of = homes(Path(str(face.__file__)).with_suffix(".pyi"))
        for name in sorted(home_of.keys() - {"__version__"}, key=str.lower):
            parts += _entry(name, home_of[name])
    parts.append(f"## {TESTING}\n")
    for name, module in _testing().items():
        parts += _entry(name, module)
    parts.append("## Fixtures of pytest\n")
    for node in _tree(FIXTURES).body:
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(one) for one in node.decorator_list):
            lines = [f"{node.name} -> {_text(node.returns)}", *_more(node)]
            parts += [f"### {node.name}\n", f"{_summary(node)}\n", _code(lines)]
    return "\n".join(parts)


def _testing() -> dict[str, str]:
    """The contract classes and their modules, by the imports of the package."""
    imports = [node for node in _tree(TESTING).body if isinstance(node, ast.ImportFrom)]
    bases = dict.fromkeys(("Contract", "FilesContract"), f"{TESTING}.base") | {"Composing": f"{TESTING}.composing"}
    return bases | {alias.name: str(node.module) for node in imports for alias in node.names}


def _tree(module: str) -> ast.Module:
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    return ast.parse(Path(found.origin).read_text(encoding="utf-8"))


def _entry(name: str, module: str) -> list[str]:
    body = _tree(module).body
    for node, after in zip_longest(body, body[1:]):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            lines = list(_class(node, body)) if isinstance(node, ast.ClassDef) else [_function(node), *_more(node)]
            return [f"### {name}\n", f"{_summary(node)}\n", _code(lines)]
        if isinstance(node, ast.Assign) and [_text(target) for target in node.targets] == [name]:
            return [f"### {name}\n", _code([_text(node), *_docstring(_string(after))])]
    raise LookupError(f"{module} has no {name}")


def _class(node: ast.ClassDef, module: list[ast.stmt]) -> Iterator[str]:
    bases = ", ".join(_text(base) for base in node.bases)
    yield from (f"@{_text(one)}" for one in node.decorator_list)
    yield f"class {node.name}{f'({bases})' if bases else ''}:"
    yield from _more(node)
    for base in module:  # the fields of `Spec`, which is not public itself
        if isinstance(base, ast.ClassDef) and base.name == bases == "Spec":
            yield from _members(base)
    yield from _members(node)


def _members(node: ast.ClassDef) -> Iterator[str]:
    for inner, after in zip_longest(node.body, node.body[1:]):
        place = inner.targets[0] if isinstance(inner, ast.Assign) else getattr(inner, "target", None)
        if isinstance(inner, (ast.Assign, ast.AnnAssign)) and not _text(place).startswith(("_", "model_config")):
            yield f"    {_text(inner)}"
            yield from _docstring(_string(after), "    ")
        elif isinstance(inner, ast.FunctionDef) and _is_public(inner):
            yield from ("", *(f"    @{_text(one)}" for one in inner.decorator_list), f"    {_function(inner)}")
            yield from _docstring(ast.get_docstring(inner) or "", "        ")


def _is_public(node: ast.FunctionDef) -> bool:
    if node.name.startswith("test_"):
        return False  # which checks a contract has is no promise: see Stability
    return node.name in SPECIAL or not node.name.startswith("_")


def _function(node: ast.FunctionDef) -> str:
    returns = f" -> {_text(node.returns)}" if node.returns is not None else ""
    return f"def {node.name}({_text(node.args)}){returns}:"


def _text(node: ast.AST | None) -> str:
    # Python 3.10 writes ``lambda : x``
    return ast.unparse(node).replace("lambda :", "lambda:") if node is not None else "None"


def _summary(node: ast.ClassDef | ast.FunctionDef) -> str:
    """The docstring's first paragraph on one line."""
    return " ".join(_plain(ast.get_docstring(node) or "").partition("\n\n")[0].split())


def _more(node: ast.ClassDef | ast.FunctionDef) -> list[str]:
    """The docstring without its first paragraph."""
    return _docstring((ast.get_docstring(node) or "").partition("\n\n")[2], "    ")


def _string(node: ast.stmt | None) -> str:
    """The text of a string that stands alone, such as the one that documents an attribute."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""


def _docstring(text: str, indent: str = "") -> list[str]:
    """The lines of a docstring, as it would be written below what it documents; none for an empty one."""
    if not text:
        return []
    lines = _plain(text).splitlines()
    closing = ['"""'] if len(lines) > 1 else []
    lines = ['"""' + lines[0] + ("" if closing else '"""'), *lines[1:], *closing]
    return [f"{indent}{line}".rstrip() for line in lines]


def _plain(text: str) -> str:
    """A docstring without the markup of reStructuredText."""
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text.replace("``", "`"))


def _code(lines: list[str]) -> str:
    return "\n".join(["```python", *lines, "```", ""])
