"""What a cell's failure depended on; when some of it changed, the cell is tried again."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from cir_bench.errors import CirBenchError
from cir_bench.plugin.remedies import in_words
from cir_bench.runs.cell import Cell
from cir_bench.runs.code import code_ingredients
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.workbench import Workbench

PREFIX = "failure."
PREPARING = "failure.preparing"
"""Why the cell cannot be prepared; empty if it can, and absent if nobody knows, since its process died."""
SYSTEM = "failure.system"
"""The error of the operating system that it failed for, such as a full disk: always tried again."""
SENTENCES = {
    "failure.allow_partial": "--allow-partial changed",
    "failure.data_root": "--data-root changed",
    "failure.device": "the device changed",
    "failure.packages": "the installed packages changed",
    SYSTEM: "a file, the disk or the network failed, which may be over",
}


def circumstances(cell: Cell, bench: Workbench) -> dict[str, str]:
    """Settings, code, options and environment: what is known without loading anything."""
    root = "" if bench.data_root is None else str(bench.data_root.expanduser().resolve())
    return {
        **cell.static_ingredients(),
        **code_ingredients(cell),
        "failure.allow_partial": str(bench.allow_partial),
        "failure.data_root": hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:12],
        "failure.device": str(bench.device),
        "failure.packages": _packages(),
    }


def known_of(error: BaseException, found: Mapping[str, str], cell: Cell, bench: Workbench) -> dict[str, str]:
    """What is known of a cell that failed; ``found``: its ingredients if it could be prepared, otherwise nothing."""
    if found:
        return {**found, PREPARING: "", **_system_error(error)}
    known = prepared(cell, bench)
    return known if known[PREPARING] else {PREPARING: in_words(error)}  # it has just been mended


def prepared(cell: Cell, bench: Workbench) -> dict[str, str]:
    """All ingredients, or why the cell cannot be prepared."""
    try:
        return {**ingredients(cell, bench), PREPARING: ""}
    except CirBenchError as error:
        return {PREPARING: str(error)}
    except (Exception, SystemExit) as error:
        return {PREPARING: in_words(error)}


def changes_since(failed: Mapping[str, str], cell: Cell, bench: Workbench) -> list[str]:
    """What changed since a cell failed with these ingredients; empty if it would fail again."""
    now = circumstances(cell, bench)
    if PREPARING in failed:
        now |= prepared(cell, bench)
    if not any(name.startswith(PREFIX) for name in failed):
        return ["its record does not say under which circumstances"]
    reasons = [sentence for name, sentence in SENTENCES.items() if failed.get(name) != now.get(name)]
    if failed.get(PREPARING) != now.get(PREPARING):
        return [*reasons, now[PREPARING] or "it can be prepared now"]
    kept = ({name: value for name, value in found.items() if not name.startswith(PREFIX)} for found in (failed, now))
    return [*reasons, *changes(*kept)]


def _system_error(error: BaseException) -> dict[str, str]:
    """The error of the operating system behind a failure, if there is one; a file that is missing is none."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno is not None and not isinstance(one, FileNotFoundError):
            return {SYSTEM: one.strerror or type(one).__name__}
    return {}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


@cache
def _packages() -> str:
    """Digest of Python's version and of every installed distribution's."""
    found = {path.name for folder in sys.path for path in Path(folder).glob("*-info")}  # NAME-VERSION.dist-info
    return hashlib.sha256("\n".join([platform.python_version(), *sorted(found)]).encode()).hexdigest()[:12]
