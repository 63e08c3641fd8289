"""The structure of the harness, measured from its source: ``python docs/structure.py`` (or ``make structure``).

Prints which package of ``cir_bench`` imports which (imports inside functions count), the strongly connected components
of more than one package, and what is longer than it should be, there and in everything else but the tests. The lazy
face, ``cir_bench/__init__.py``, is left out.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
ROOT = CHECKOUT / "harness" / "cir_bench"
OTHERS = ("plugins", "benchmarks", "docs", "packaging")
LONGEST_FILE = 250
LONGEST_FUNCTION = 60
"""Lines, the docstring included."""

Graph = Mapping[str, set[str]]


def package_of(module: str) -> str:
    """``runs`` of ``cir_bench.runs.cell``."""
    return module.split(".")[1]


def imports() -> dict[str, set[str]]:
    """The packages (and top-level modules) that each of them imports, wherever in a file."""
    found: dict[str, set[str]] = {}
    for path in sources():
        own = path.relative_to(ROOT).with_suffix("").parts[0]
        imported = found.setdefault(own, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module == "cir_bench":
                names = [f"cir_bench.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            imported |= {package_of(name) for name in names if name.startswith("cir_bench.")} - {own}
    return {own: imported & found.keys() for own, imported in found.items()}  # what comes from the face is no package


def sources() -> list[Path]:
    """Every file of the harness but the face."""
    return [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def cycles(graph: Graph) -> list[list[str]]:
    """The strongly connected components of more than one package."""
    reached = {package: set(reachable(graph, package)) for package in graph}
    groups = {
        tuple(sorted({package} | {other for other in reached[package] if package in reached.get(other, ())}))
        for package in graph
    }
    return [list(group) for group in sorted(groups) if len(group) > 1]


def reachable(graph: Graph, start: str) -> Iterator[str]:
    """Everything that ``start`` imports, directly or through others."""
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        package = waiting.pop()
        if package not in seen:
            seen.add(package)
            yield package
            waiting += graph.get(package, ())


def too_long() -> list[str]:
    """Files and functions that are longer than they should be."""
    found = []
    for path in (*sources(), *(path for folder in OTHERS for path in sorted((CHECKOUT / folder).rglob("*.py")))):
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(CHECKOUT)
        if (lines := len(text.splitlines())) > LONGEST_FILE:
            found.append(f"{where}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found.append(f"{where}:{node.lineno}: {node.name} has {lines} lines")
    return found


def main() -> int:
    """Print everything; 1 when there is a cycle or something is too long."""
    graph = imports()
    for package, imported in sorted(graph.items()):
        print(f"{package}: {', '.join(sorted(imported)) or '-'}")
    knots, long = cycles(graph), too_long()
    total = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.rglob("*.py"))
    print(f"\nstrongly connected components: {'; '.join(' '.join(knot) for knot in knots) or 'none'}")
    print(f"too long (files {LONGEST_FILE}, functions {LONGEST_FUNCTION} lines): {len(long) or 'none'}")
    print(*long, f"lines in all: {total}", sep="\n")
    return 1 if knots or long else 0


if __name__ == "__main__":
    sys.exit(main())
