"""The names of a new package: what it is called as a distribution, as a module, as a class."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from dataclasses import dataclass

from cir_bench.errors import ConfigError
from cir_bench.plugin.owner import CORE
from cir_bench.plugin.spec_checks import NAME

LONGEST = 40
"""Characters of a name, which a leaderboard has to print."""


@dataclass(frozen=True)
class Names:
    """``my-method`` (the distribution, its folder, and the registered name), ``my_method`` and ``MyMethod``."""

    name: str
    module: str
    class_name: str


def check_name(name: str) -> Names:
    """The names that follow from ``name``; `ConfigError` if it cannot be all three of them, or is in use already."""
    if not NAME.fullmatch(name) or not name[0].isalpha():
        raise ConfigError(
            f"{name!r} is not a usable name: use lower case letters, digits and single hyphens, starting with a letter"
            f"{_suggestion(name)}."
        )
    if len(name) > LONGEST:
        raise ConfigError(f"{name!r} has {len(name)} characters; choose a name of at most {LONGEST}.")
    names = Names(name, name.replace("-", "_"), "".join(word.capitalize() for word in name.split("-")))
    if keyword.iskeyword(names.module) or keyword.issoftkeyword(names.module):
        raise ConfigError(f"{name!r} is a keyword of Python, so it cannot be a module; choose another name.")
    if names.module in sys.stdlib_module_names:
        raise ConfigError(f"{name!r} is a module of Python's standard library; choose another name.")
    if name == CORE or names.module in {"test", "tests", "src"} or importlib.util.find_spec(names.module) is not None:
        raise ConfigError(f"a module {names.module!r} already exists; choose another name, or uninstall that one.")
    return names


def _suggestion(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    near = re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-0123456789")
    return f" (for example {near!r})" if NAME.fullmatch(near) else ""
