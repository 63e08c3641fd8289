"""`Announcer`: tells the listening plugins what happens in a run, and keeps their failures away from it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import get_type_hints

import pluggy

from cir_bench.errors import debugging
from cir_bench.interfaces.events import Event
from cir_bench.interrupts import by_user
from cir_bench.plugin import hookspecs
from cir_bench.plugin.remedies import in_words

EVENT_HOOKS: Mapping[type[Event], str] = {
    hints["event"]: name
    for name, hook in vars(hookspecs).items()
    if name.startswith("cir_bench_") and "event" in (hints := get_type_hints(hook))
}
"""The hook of each event, as it is specified."""

_LOG = logging.getLogger(__name__)


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


class Announcer:
    """Announces the events of one run. Listeners are called in pluggy's order: the last registered one first.

    A listener that raises is blamed in one sentence on the log and hears nothing more of this run; everything else goes
    on. ``KeyboardInterrupt`` passes.

    Args:
        manager: knows the plugins, each by the words that name it in a message.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._silenced: set[str] = set()
        self._complaints: list[str] = []

    def __call__(self, event: Event) -> None:
        """Announce ``event`` to every listener that has not failed before."""
        hook = EVENT_HOOKS[type(event)]
        for listener in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            if listener.plugin_name in self._silenced:
                continue
            try:
                listener.function(*(event for _ in listener.argnames))
            except BaseException as error:  # a plugin must not end the run
                if by_user(error):
                    raise
                self._silenced.add(listener.plugin_name)
                self._complaints.append(
                    f"the hook {hook} of plugin {listener.plugin_name} raised {in_words(error)}; "
                    "the plugin hears nothing more of this run."
                )
                _LOG.warning(self._complaints[-1], exc_info=debugging())

    def take_complaints(self) -> list[str]:
        """The sentences about listeners that failed since the last call."""
        taken, self._complaints = self._complaints, []
        return taken
