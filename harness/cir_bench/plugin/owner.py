"""`Owner`: where an object comes from. `PluginProblem`: why a plugin was left out, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

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

    def __str__(self) -> str:
        if self.single_file:
            return f"{self.plugin} (version {self.version})"
        return f"{self.plugin!r} of {self.distribution} {self.version}"


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
