"""The page reference/cli.md: every verb with its options, from the signatures of their functions."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin


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
    parts = ["# Command line\n", "`cir-bench VERB [OPTIONS]`. Every verb has `--help`.\n"]
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
