"""What all contracts share: the object under test, its variants, and the files it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
import torch

from cir_bench.config import merge
from cir_bench.interfaces.specs import Spec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registered, Registry

T = TypeVar("T", bound=Spec)


class Contract:
    """Base of the contract classes."""

    name: ClassVar[str]
    """The object's registered name."""
    params: ClassVar[Mapping[str, Any]] = {}
    """Parameters that differ from the defaults."""
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Name of a variant → its parameters, merged into ``params``; every check runs once per variant."""
    plugin_files: ClassVar[tuple[Path, ...]] = ()
    """Single-file plugins to load beside the installed ones."""

    variant: str = ""
    """The variant that a check runs on; empty without ``variants``."""
    _own_files: ClassVar[tuple[Path, ...]] = ()
    _registry: ClassVar[Registry]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every check once per variant, with the variant's name as its id."""
        if self.variants:
            metafunc.parametrize("_variant", list(self.variants), indirect=True)

    @pytest.fixture(autouse=True)
    def _variant(self, request: pytest.FixtureRequest) -> None:
        self.variant = getattr(request, "param", "")

    def parameters(self) -> Mapping[str, Any]:
        """``params`` with those of the variant under test."""
        return merge(self.params, self.variants[self.variant]) if self.variant else self.params

    @classmethod
    def registry(cls) -> Registry:
        """The installed plugins and ``plugin_files``; loaded once per class."""
        if "_registry" not in vars(cls):
            cls._registry = load_plugins(PluginOptions(files=(*cls.plugin_files, *cls._own_files)), environ={})
        return cls._registry

    @classmethod
    def find(cls, spec: type[T]) -> Registered[T]:
        """The object under test; if it is missing, the message lists the plugins that could not be loaded."""
        registry = cls.registry()
        problems = "; ".join(map(str, registry.problems)) or "every plugin was loaded"
        assert cls.name in registry.all(spec), f"no {spec.__name__} is named {cls.name!r} ({problems})"
        return registry.find(spec, cls.name)


class FilesContract(Contract):
    """A contract of an object that reads files."""

    data_root: Path
    """The folder with the prepared files."""

    def prepare(self, data_root: Path) -> None:
        """Write the files that the object reads below ``data_root``; the default writes none."""

    @pytest.fixture(autouse=True)
    def prepared(self, _variant: None, tmp_path: Path) -> None:
        """Prepare the files of one check; override it to take ``data_root`` from a fixture of yours."""
        self.data_root = tmp_path
        self.prepare(tmp_path)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Set torch's generator to ``seed``, and restore it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
