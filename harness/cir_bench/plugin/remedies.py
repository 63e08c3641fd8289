"""Messages about exceptions of a plugin's code: what happened, and what to do."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from cir_bench.errors import nearest, printable
from cir_bench.plugin.owner import Owner

MISSPELT = 0.8
"""How similar, of 1, a missing name must be to one that is there to be taken for it; ``timm`` is not to ``time``."""
_LACKING = re.compile(r"cannot import name '(\w+)'")


def in_words(error: BaseException) -> str:
    """``ValueError: the message`` on one line."""
    try:
        text = printable(str(error))
    except Exception as another:  # a message is a plugin's code, too
        text = f"(its message cannot be read: {type(another).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def remedy_for_failure(error: BaseException, owner: Owner, where: str) -> str:
    """What to do about an exception that came while code of ``where`` (``"package.module:Class"``) ran.

    It names the last line of that package, or file, that the exception passed.
    """
    top = _top(where.partition(":")[0])
    passed = [
        f"{Path(frame.f_code.co_filename).name}, line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if owner.plugin == frame.f_code.co_filename or _top(str(frame.f_globals.get("__name__"))) == top
    ]
    report = [] if owner.single_file else [f"report it to {owner.distribution}"]
    place = passed[-1:] or ([owner.distribution] if owner.single_file else [])
    remedy = ", or ".join([*(f"correct {one}" for one in place), *report])
    return f"{remedy} (CIR_BENCH_DEBUG=1 shows the traceback)"


def remedy_for_import(error: BaseException, owner: Owner, module: str) -> tuple[str, str]:
    """Message and remedy for an exception from importing ``module`` of a plugin."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name, owner, module)
    if isinstance(error, ImportError) and error.name and _top(error.name) != _top(module):
        top, lacking = _top(error.name), _LACKING.match(str(error))
        meant = _meant(lacking[1], dir(sys.modules.get(error.name))) if lacking else ""
        remedy = f"{meant}its dependency {top} may be too old or too new: check which versions the plugin requires"
    elif owner.single_file:
        remedy = f"correct {owner.plugin}"
    else:
        remedy = (
            f"correct, update or remove {owner.distribution} (pip install -U, pip uninstall), or pass --without-plugins"
        )
    return f"importing {module} raised {in_words(error)}", remedy


def _missing_module(missing: str, owner: Owner, module: str) -> tuple[str, str]:
    top = _top(missing)
    if top == _top(module):
        reinstall = f"run: pip install --force-reinstall {owner.distribution}"
        remedy = "check the import lines of the file" if owner.single_file else reinstall
        return f"its module {missing} does not exist", remedy
    package, dot, name = missing.rpartition(".")
    meant = _meant(name, _beside(package) - {Path(owner.plugin).stem}, f"{package}{dot}")
    if missing != top and _is_importable(top):
        lacks = f"it needs the module {missing}, which the installed {top} lacks"
        return lacks, f"{meant}run: pip install --upgrade {top}"
    return f"it needs the module {missing}, which is not installed", f"{meant}run: pip install {top}"


def _meant(name: str, known: Iterable[str], prefix: str = "") -> str:
    """The beginning of a remedy for a name that is near to a known one; both are shown with ``prefix``."""
    near = nearest(name, known, MISSPELT)
    return f"did you mean {prefix + near!r}? If not, " if near else ""


def _beside(package: str) -> set[str]:
    """The public modules of an imported package; of ``""``, all that can be imported."""
    path = getattr(sys.modules.get(package), "__path__", []) if package else None
    names = {one.name for one in pkgutil.iter_modules(path)} | (set() if package else sys.stdlib_module_names)
    return {name for name in names if not name.startswith("_")}


def _top(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def _is_importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
