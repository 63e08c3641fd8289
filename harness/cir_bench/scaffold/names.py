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
    """What one name becomes."""

    name: str
    """``my-method``: the distribution, its folder, and the registered name."""

    @property
    def module(self) -> str:
        """``my_method``."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """``MyMethod``."""
        return "".join(word.capitalize() for word in self.name.split("-"))


def check_name(name: str) -> Names:
    """The names that follow from ``name``; `ConfigError` if it cannot be all three of them, or is in use already."""
    if not NAME.fullmatch(name) or not name[0].isalpha():
        raise ConfigError(
            f"{name!r} is not a usable name: use lower case letters, digits and single hyphens, starting with a letter"
            f"{_suggestion(name)}."
        )
    if len(name) > LONGEST:
        raise ConfigError(f"{name!r} has {len(name)} characters; choose a name of at most {LONGEST}.")
    names = Names(name)
    if keyword.iskeyword(names.module) or keyword.issoftkeyword(names.module):
        raise ConfigError(f"{name!r} is a keyword of Python, so it cannot be a module; choose another name.")
    if names.module in sys.stdlib_module_names:
        raise ConfigError(f"{name!r} is a module of Python's standard library; choose another name.")
    if name == CORE or names.module in {"test", "tests", "src"} or importlib.util.find_spec(names.module) is not None:
        raise ConfigError(f"a module {names.module!r} exists already; choose another name, or uninstall that one.")
    return names


def _suggestion(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    near = re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-0123456789")
    return f" (for example {near!r})" if NAME.fullmatch(near) else ""
