"""Failures of a plugin's objects are blamed on the plugin, by name and version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cir_bench.errors import CirBenchError, PluginError
from cir_bench.plugin.owner import Owner
from cir_bench.plugin.remedies import in_words


class BlamedPluginError(PluginError):
    """An object of a plugin failed; what a failed cell's record is made from."""

    def __init__(self, owner: Owner, what: str, stage: str, exception: str, remedy: str) -> None:
        super().__init__(f"{what} of plugin {owner} failed while {stage}: {exception}; {remedy}.")
        self.owner = owner
        self.what = what
        """The object, for example ``method 'tirg'``."""
        self.stage = stage
        self.exception = exception
        self.remedy = remedy


@contextmanager
def blame_on(owner: Owner, what: str, stage: str) -> Iterator[None]:
    """Turn any exception but a `CirBenchError` into a `BlamedPluginError`, with the original chained to it.

    ``sys.exit`` in a plugin is such an exception too: it must not end the run with a good exit code.

    Args:
        owner: the plugin.
        what: the object, for example ``method 'tirg'``.
        stage: what was being done, to be read after "while": "constructing it", "training".
    """
    try:
        yield
    except CirBenchError:
        raise
    except (Exception, SystemExit) as error:
        remedy = f"report it to {owner.distribution} (CIR_BENCH_DEBUG=1 shows the traceback)"
        raise BlamedPluginError(owner, what, stage, in_words(error), remedy) from error
