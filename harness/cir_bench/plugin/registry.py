"""`Registry`: every registered object by kind and name; implementations are imported when they are used."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pluggy

from cir_bench.errors import CirBenchError, ConfigError, did_you_mean, nearest
from cir_bench.interfaces.kinds import KINDS, kind_of
from cir_bench.interfaces.specs import (
    ComposerSpec,
    Context,
    DatasetSpec,
    EncoderSpec,
    ExecutorSpec,
    LossSpec,
    MethodSpec,
    Spec,
    TrackerSpec,
)
from cir_bench.interrupts import by_user
from cir_bench.params.models import Params
from cir_bench.plugin.events import new_manager
from cir_bench.plugin.guards import guarded
from cir_bench.plugin.owner import BlamedPluginError, Owner, PluginProblem
from cir_bench.plugin.remedies import in_words, remedy_for_failure, remedy_for_import
from cir_bench.protocols.builtin import builtin_benchmarks

if TYPE_CHECKING:
    from cir_bench.interfaces.build import BuildContext
    from cir_bench.interfaces.executor import ExecutorContext
    from cir_bench.interfaces.tracker import TrackerContext

S_co = TypeVar("S_co", bound=Spec, covariant=True)
T = TypeVar("T", bound=Spec)
CLOSE = 0.7
"""How similar, of 1, a name is to the one that was meant, as ``trig`` is to ``tirg``."""


@dataclass(frozen=True)
class Registered(Generic[S_co]):
    """A spec and the plugin it came from."""

    spec: S_co
    owner: Owner

    @property
    def name(self) -> str:
        """The spec's name."""
        return self.spec.name

    def __str__(self) -> str:
        return f"{kind_of(self.spec).name} {self.spec.name!r}"


@dataclass(frozen=True)
class BenchmarkFile:
    """A benchmark's YAML file and the plugin it came from."""

    path: Path
    owner: Owner


class Registry:
    """Everything that plugins registered. Reading it imports no implementation.

    Args:
        registered: specs with their plugins; names are unique within a kind.
        benchmark_files: benchmark files with their plugins.
        plugins: those that were loaded; ``problems``: those that were left out.
        hooks: the manager that the plugins are registered with, for events.
        changes: a sentence for each plugin that changed global state while it was loaded; it was restored.
    """

    def __init__(
        self,
        registered: Iterable[Registered[Spec]] = (),
        benchmark_files: Iterable[BenchmarkFile] = (),
        plugins: Iterable[Owner] = (),
        problems: Iterable[PluginProblem] = (),
        hooks: pluggy.PluginManager | None = None,
        changes: Iterable[str] = (),
    ) -> None:
        self._by_kind: dict[type[Spec], dict[str, Registered[Any]]] = {kind.spec: {} for kind in KINDS}
        for one in sorted(registered, key=lambda r: r.name):
            self._by_kind[kind_of(one.spec).spec][one.name] = one
        self.benchmark_files = tuple(benchmark_files)
        self.plugins = tuple(plugins)
        self.problems = tuple(problems)
        self.changes = tuple(changes)
        self.hooks = new_manager() if hooks is None else hooks

    def benchmark_paths(self) -> list[Path]:
        """Every benchmark file: the built-in ones, then those of plugins."""
        return [*builtin_benchmarks(), *(file.path for file in self.benchmark_files)]

    def all(self, spec: type[T]) -> Mapping[str, Registered[T]]:
        """All objects of one kind by name, in alphabetical order; ``spec`` is a class such as ``MethodSpec``."""
        return dict(self._by_kind[spec])

    def find(self, spec: type[T], name: str) -> Registered[T]:
        """One object by kind and name; `ConfigError` with the nearest name if there is none."""
        known = self._by_kind[spec]
        if name in known:
            return known[name]
        kind = kind_of(spec)
        broken = f" ({len(self.problems)} plugin(s) could not be loaded: cir-bench doctor)" if self.problems else ""
        meant = nearest(name, known, CLOSE) or any(one.single_file for one in self.plugins)
        of_file = "" if meant else " One of a file needs --plugin FILE."
        raise ConfigError(f"there is no {kind.name} {name!r}{broken}; {did_you_mean(name, known)}{of_file}")

    def method(self, name: str) -> Registered[MethodSpec]:
        """A method by name."""
        return self.find(MethodSpec, name)

    def composer(self, name: str) -> Registered[ComposerSpec]:
        """A composer by name."""
        return self.find(ComposerSpec, name)

    def loss(self, name: str) -> Registered[LossSpec]:
        """A loss by name."""
        return self.find(LossSpec, name)

    def encoder(self, name: str) -> Registered[EncoderSpec]:
        """An encoder by name (without its ``:ARGUMENT``, see `split_argument`)."""
        return self.find(EncoderSpec, name)

    def dataset(self, name: str) -> Registered[DatasetSpec]:
        """A data set by name (without its ``:ARGUMENT``)."""
        return self.find(DatasetSpec, name)

    def executor(self, name: str) -> Registered[ExecutorSpec]:
        """An executor by name (without its ``:ADDRESS``)."""
        return self.find(ExecutorSpec, name)

    def tracker(self, name: str) -> Registered[TrackerSpec]:
        """A tracker by name (without its ``:TARGET``)."""
        return self.find(TrackerSpec, name)


@contextmanager
def blame(registered: Registered[Spec], stage: str) -> Iterator[None]:
    """Turn every exception within, except a `CirBenchError`, into a `BlamedPluginError` chained to the original.

    ``sys.exit`` in a plugin counts, because it must not end the run with a good exit code. Global state that the block
    changes is restored, with a warning that names the plugin. ``stage`` says what is being done, as after "while":
    "constructing it", "training".
    """

    def changed(what: str) -> None:
        sentence = f"{registered} of plugin {registered.owner} changed {what} while {stage}; it is restored"
        warnings.warn(sentence, stacklevel=2)

    with guarded(changed):
        try:
            yield
        except CirBenchError:
            raise
        except BaseException as error:
            if by_user(error):
                raise
            remedy = remedy_for_failure(error, registered.owner, registered.spec.class_path)
            raise BlamedPluginError(registered.owner, str(registered), stage, in_words(error), remedy) from error


def load(registered: Registered[Spec]) -> type[Any]:
    """The class behind a spec, imported now if it is not yet.

    `BlamedPluginError` if it cannot be imported, or is not an implementation of its kind.
    """
    spec = registered.spec
    kind = kind_of(ComposerSpec if isinstance(spec, MethodSpec) and spec.loss is not None else spec)
    return load_class(registered, spec.implementation, kind.base)


def load_class(registered: Registered[Spec], implementation: str | type[Any], base: str) -> type[Any]:
    """A class of a plugin, derived from ``base`` (``"module:Class"``); errors as for `load`."""
    found = _imported(registered, implementation) if isinstance(implementation, str) else implementation
    base_module, _, base_name = base.partition(":")
    if not inspect.isclass(found) or not issubclass(found, getattr(importlib.import_module(base_module), base_name)):
        remedy = f"derive it from cir_bench.{base_name}"
        if isinstance(registered.spec, MethodSpec) and registered.spec.loss is None:
            remedy += (
                ', or, if it is a Composer, name its loss in the spec, loss="batch-classification" (loss={}: none)'
            )
        elif isinstance(registered.spec, MethodSpec):
            remedy += ", or, if it is a Method, leave the loss out of the spec"
        raise _failure(registered, f"{getattr(found, '__name__', found)} is not a {base_name}", remedy)
    if inspect.isabstract(found):
        missing = ", ".join(sorted(vars(found)["__abstractmethods__"]))
        raise _failure(registered, f"{found.__name__} lacks {missing}", f"write these methods of cir_bench.{base_name}")
    return found


def _failure(registered: Registered[Spec], message: str, remedy: str) -> BlamedPluginError:
    return BlamedPluginError(registered.owner, str(registered), "importing its class", message, remedy)


def _imported(registered: Registered[Spec], where: str) -> Any:
    """The object that ``"module:Class"`` names."""
    module_name, _, attribute = where.partition(":")
    try:
        module = importlib.import_module(module_name)
    except CirBenchError:
        raise
    except BaseException as error:
        if by_user(error):
            raise
        message, remedy = remedy_for_import(error, registered.owner, module_name)
        extra = getattr(registered.spec, "extra", None)
        if extra and isinstance(error, ModuleNotFoundError):
            remedy = f"run: pip install '{registered.owner.distribution}[{extra}]'"
        raise _failure(registered, message, remedy) from error
    if not hasattr(module, attribute):
        remedy = did_you_mean(attribute, [name for name in vars(module) if not name.startswith("_")])
        raise _failure(registered, f"{module_name} has no {attribute}", remedy.rstrip("."))
    return getattr(module, attribute)


def create(
    registered: Registered[Spec], params: Params, context: Context | BuildContext | ExecutorContext | TrackerContext
) -> Any:
    """An instance of the class behind a spec; its plugin is blamed if the constructor fails."""
    implementation = load(registered)
    with blame(registered, "constructing it"):
        return implementation(params, context)
