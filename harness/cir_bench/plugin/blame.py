"""The error for a failure of a plugin's object, which names the plugin and its version."""

from __future__ import annotations

from cir_bench.errors import PluginError
from cir_bench.plugin.owner import Owner


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
