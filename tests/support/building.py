"""Methods and composers outside of a run: built on features of chosen widths, from the plugins that a test names."""

from __future__ import annotations

from types import ModuleType

from cir_bench import ComposerSpec, EncoderShape, EncoderSpec, MethodSpec, Needs, Params, Provides
from cir_bench.plugin.build import Builder
from cir_bench.plugin.needs import needs_of, provides_of
from cir_bench.plugin.owner import Owner
from cir_bench.plugin.registry import Registered, Registry

OWNER = Owner("cir-bench", "0", "tests")


def registry_of(*plugins: ModuleType) -> Registry:
    """The losses, composers and methods of some plugins."""
    kinds = ("LOSSES", "COMPOSERS", "METHODS")
    specs = [spec for plugin in plugins for kind in kinds for spec in getattr(plugin, kind, ())]
    specs += [spec.composer for spec in specs if isinstance(spec, MethodSpec) and spec.composer is not None]
    return Registry([Registered(spec, OWNER) for spec in specs])


def needs(spec: ComposerSpec | MethodSpec, params: Params) -> Needs:
    """What a composer or a method needs under these parameters."""
    return needs_of(Registered(spec, OWNER), params)


def provides(spec: EncoderSpec, params: Params) -> Provides:
    """What an encoder provides under these parameters."""
    return provides_of(Registered(spec, OWNER), params)


def builder(shape: EncoderShape, *plugins: ModuleType) -> Builder:
    """What a method is built with, where the features have these widths."""
    return Builder(registry_of(*plugins), shape)
