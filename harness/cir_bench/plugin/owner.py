"""`Owner`: where an object comes from. `PluginProblem`: why a plugin is not there, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

CORE = "cir-bench"
"""Our own distribution; its plugins come by the same door as a third party's."""


@dataclass(frozen=True)
class Owner:
    """A plugin: the distribution it came with (a single file is its own distribution) and its name there."""

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

    @property
    def label(self) -> str:
        """``cir-bench@0.1.0``."""
        return f"{self.distribution}@{self.version}"

    def __str__(self) -> str:
        if self.single_file:
            return f"{self.plugin} (version {self.version})"
        return f"{self.plugin!r} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class PluginProblem:
    """A plugin that was left out; nothing of it is registered."""

    owner: Owner
    stage: str
    """What was looked at: ``metadata``, ``import``, ``api``, ``register``, ``hook``, ``spec``, ``duplicate``."""
    message: str
    remedy: str

    @property
    def distribution(self) -> str:
        """The distribution (or file) that is to blame."""
        return self.owner.distribution

    @property
    def version(self) -> str:
        """Its version."""
        return self.owner.version

    @property
    def plugin(self) -> str:
        """The plugin's name within the distribution."""
        return self.owner.plugin

    def __str__(self) -> str:
        return f"plugin {self.owner} was left out ({self.stage}): {self.message}; {self.remedy}"


class PluginRejected(Exception):  # noqa: N818 (it never leaves the loader)
    """Raised within the loader when a plugin must be left out."""

    def __init__(self, stage: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.remedy = remedy
