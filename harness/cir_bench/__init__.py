"""cir-bench: composed image retrieval methods under identical, named protocols.

The public API is this package, ``cir_bench.utils`` (helpers) and ``cir_bench.testing`` (contract tests). Importing it
imports no torch: names are loaded when they are first used.

A plugin in three lines::

    from cir_bench import MethodSpec, hookimpl

    @hookimpl
    def cir_bench_methods():
        return [MethodSpec(name="mine", summary="my method", implementation="my_package.mine:Mine")]
"""

from __future__ import annotations

from cir_bench.utils.lazy import lazy_names

__all__, __getattr__ = lazy_names(__name__, __file__)


def __dir__() -> list[str]:
    return __all__
