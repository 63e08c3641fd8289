"""Writes the pages of reference/ from the command line, the source and the reported numbers: ``make reference``.

``api.md`` is the committed snapshot of everything that a third party may import. A test fails when one of them is not
current, so that a changed option, name, signature or docstring shows in the diff of a commit.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import cir_bench
import cir_bench.utils
from cir_bench.utils.lazy import homes

HERE = Path(__file__).parent
COMMAND = "make reference"
NOTE = f"<!-- Written by docs/generate.py; `{COMMAND}` writes it again. -->\n"
SPECIAL = {"__init__", "__call__", "__len__", "__getitem__", "__or__"}
FIXTURES = "cir_bench.pytest_plugin"
TESTING = "cir_bench.testing"


def pages() -> dict[Path, str]:
    """Every generated page."""
    made = {"cli.md": cli_page(), "api.md": api_page(), "reported.md": reported_page()}
    return {HERE / "reference" / name: text for name, text in made.items()}


# -- the command line ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """An option or an argument of a verb, as its function's signature declares it."""

    name: str
    info: Any
    """Typer's ``OptionInfo`` or ``ArgumentInfo``."""
    annotation: Any
    default: Any

    @property
    def argument(self) -> bool:
        """Whether it has no name on the command line."""
        return type(self.info).__name__ == "ArgumentInfo"

    @property
    def names(self) -> list[str]:
        """As on the command line."""
        # beside `Annotated`, typer's first argument is a name, not the default
        first = [self.info.default] if isinstance(self.info.default, str) else []
        return [*first, *(self.info.param_decls or ())] or [f"--{self.name.replace('_', '-')}"]

    @property
    def metavar(self) -> str:
        """What stands for its value; nothing for a flag."""
        if self.info.metavar:
            return str(self.info.metavar)
        if self.choices or self.annotation is bool:
            return "" if self.annotation is bool else "|".join(self.choices)
        return self.name.upper() if self.argument else "N" if "int" in str(self.annotation) else "TEXT"

    @property
    def choices(self) -> list[str]:
        """The values that are allowed, where they are a few."""
        for one in (self.annotation, *get_args(self.annotation)):
            if get_origin(one) is Literal:
                return list(map(str, get_args(one)))
            if isinstance(one, type) and issubclass(one, Enum):
                return [str(member.value) for member in one]
        return []

    @property
    def shown_default(self) -> str:
        """The default in words; nothing where the help says it or there is none."""
        value = self.default.value if isinstance(self.default, Enum) else self.default
        return "" if value in (None, False, "", inspect.Parameter.empty) else str(value)


def cli_page() -> str:
    """Every verb with its arguments and options; those that all verbs have stand once, at the end."""
    from cir_bench.cli.common import _settings

    shared = set(inspect.signature(_settings).parameters)
    parts = [NOTE, "# Command line\n", "`cir-bench VERB [OPTIONS]`. Every verb has `--help`.\n"]
    common: dict[str, Option] = {}
    for name, function in functions().items():
        given = options(function)
        own = [one for one in given if one.name not in shared]
        common |= {one.name: one for one in given if one.name in shared}
        arguments = [one for one in own if one.argument]
        words = [one.metavar if one.default is inspect.Parameter.empty else f"[{one.metavar}]" for one in arguments]
        parts += [f"## cir-bench {name}\n", f"{inspect.cleandoc(function.__doc__ or '')}\n"]
        parts.append(f"    {' '.join(['cir-bench', name, *words, '[OPTIONS]'])}\n")
        if len(own) > 0:
            parts.append(_table(arguments + [one for one in own if not one.argument]))
    parts += ["## Options of every verb\n", _table(list(common.values()))]
    return "\n".join(parts)


def functions() -> dict[str, Callable[..., None]]:
    """The function of every verb; of a verb with verbs of its own, theirs."""
    import typer

    from cir_bench.cli.app import VERBS

    found: dict[str, Callable[..., None]] = {}
    for name in VERBS:
        made = getattr(importlib.import_module(f"cir_bench.cli.{name}"), name)
        if isinstance(made, typer.Typer):
            inner = [(one.name, one.callback) for one in made.registered_commands]
            found |= {f"{name} {own or callback.__name__}": callback for own, callback in inner if callback}
        else:
            found[name] = made
    return found


def options(function: Callable[..., None]) -> list[Option]:
    """The options of a verb, in the order of its signature, those that all verbs have included."""
    found = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        annotation, *extra = get_args(parameter.annotation)
        info = next(one for one in extra if type(one).__name__ in {"OptionInfo", "ArgumentInfo"})
        found.append(Option(parameter.name, info, annotation, parameter.default))
    return found


def _table(given: list[Option]) -> str:
    rows = ["| | | default |", "|---|---|---|"]
    for one in given:
        names = one.metavar if one.argument else ", ".join(one.names) + (f" {one.metavar}" if one.metavar else "")
        about = str(one.info.help or "") + (f" Or the variable `{one.info.envvar}`." if one.info.envvar else "")
        shown = f"`{one.shown_default}`" if one.shown_default else ""
        rows.append("| " + " | ".join(text.replace("|", "\\|") for text in (f"`{names}`", about, shown)) + " |")
    return "\n".join(rows) + "\n"


# -- the public API ------------------------------------------------------------------------------------------------


def api_page() -> str:
    """Every public name with its signature and docstrings, and those of its members, read from the source."""
    parts = [
        NOTE,
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


# -- reported numbers ----------------------------------------------------------------------------------------------

REPORTED = """\
# Reported numbers

What papers and repositories report, in percent, with the protocol, the encoder and the source of each number. A
leaderboard shows those of a row's method and protocol next to what was measured, never ranked. Numbers under two
protocols are not comparable. The last table has the numbers that are not comparable with anything here, and why.
"""


def reported_page() -> str:
    """A table for every protocol, without the numbers of single categories, and one of what is not comparable."""
    from cir_bench.leaderboards.reported import not_comparable_numbers, reported_numbers

    numbers = [one for one in reported_numbers() if one.metric.rpartition("/")[0] in {"", "mean"}]
    parts = [NOTE, REPORTED]
    for protocol in sorted({f"{one.benchmark}/{one.protocol}" for one in numbers}):
        own = [one for one in numbers if f"{one.benchmark}/{one.protocol}" == protocol]
        parts += [f"## {protocol}\n", _numbers("note", [(one, one.note) for one in own])]
    others = [(one, one.not_comparable) for one in not_comparable_numbers()]
    return "\n".join([*parts, "## Not comparable\n", _numbers("why", others)])


def _numbers(last: str, lines: list[tuple[Any, str]]) -> str:
    rows = [f"| method | benchmark | metric | value | encoder | source | {last} |", "|---|---|---|---:|---|---|---|"]
    for one, text in lines:
        source = f"[{one.cited}]({one.url})"
        cells = (one.named, one.benchmark, one.metric, f"{one.value:.2f}", one.encoder, source, text)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path, file=sys.stderr)
