"""`Owner`: where an object comes from; why a plugin was left out, or failed, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cir_bench.errors import PluginError

CORE = "cir-bench"
"""The distribution with the built-in plugins, which use the same entry points as those of third parties."""


@dataclass(frozen=True)
class Owner:
    """A plugin: its distribution (a single file is its own) and its name there."""

    distribution: str
    version: str
    plugin: str
    """The entry point's name, or the path of a single file."""

    @property
    def builtin(self) -> bool:
        """Whether it ships with cir-bench."""
        return self.distribution == CORE

    @property
    def single_file(self) -> bool:
        """Whether it is one Python file, not an installed distribution."""
        return self.plugin.endswith(".py")

    def called(self, name: str) -> bool:
        """Whether ``name`` means this plugin: its distribution or its own name."""
        return normalised(name) in {normalised(self.distribution), normalised(self.plugin)}

    def __str__(self) -> str:
        if self.single_file:
            return f"{self.plugin} (version {self.version})"
        return f"{self.plugin!r} of {self.distribution} {self.version}"


def normalised(name: str) -> str:
    """A distribution's name in the form for comparing (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class PluginProblem:
    """A plugin that was left out; nothing of it is registered."""

    owner: Owner
    stage: str
    """``metadata``, ``import``, ``api``, ``register``, ``hook``, ``spec`` or ``duplicate``."""
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"plugin {self.owner} was left out ({self.stage}): {self.message}; {self.remedy}"


class PluginRejected(Exception):  # noqa: N818 (it never leaves the loader)
    """Raised within the loader when a plugin must be left out."""

    def __init__(self, stage: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.remedy = remedy


class BlamedPluginError(PluginError):
    """An object of a plugin failed; a failed cell's record is made from this."""

    def __init__(self, owner: Owner, what: str, stage: str, exception: str, remedy: str) -> None:
        super().__init__(f"{what} of plugin {owner} failed while {stage}: {exception}; {remedy}.")
        self.owner = owner
        self.what = what
        """The object, for example ``method 'tirg'``."""
        self.stage = stage
        self.exception = exception
        self.remedy = remedy
