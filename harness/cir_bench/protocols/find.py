"""Benchmarks by name: ``fashioniq``, ``fashioniq/original``, ``fashioniq/original@1``, ``folder:../photos``."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import CirBenchError, ConfigError, did_you_mean
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.params.models import Params
from cir_bench.protocols.benchmark import Benchmark, load_benchmark
from cir_bench.protocols.protocol import Protocol


@dataclass(frozen=True)
class ChosenBenchmark:
    """A benchmark with one of its protocols, as chosen by a name on the command line."""

    benchmark: Benchmark
    protocol_key: str
    """``name@version``."""
    path: str | None = None
    """The path in ``name:PATH``."""

    @property
    def protocol(self) -> Protocol:
        """The protocol."""
        return self.benchmark.protocols[self.protocol_key]

    @property
    def label(self) -> str:
        """``fashioniq``, or ``folder:photos-3fa2b1``, as in records: the last name of the path, and a digest of all."""
        if self.path is None:
            return self.benchmark.name
        path = Path(self.path).expanduser()
        whole = path.resolve() if path.exists() else path  # not a path on this machine: a repository on a hub
        digest = hashlib.sha256(str(whole).encode("utf-8", "surrogateescape")).hexdigest()[:6]
        return f"{self.benchmark.name}:{whole.name}-{digest}"

    @property
    def name(self) -> str:
        """``fashioniq/original@1`` or ``folder:photos-3fa2b1/default@1``: label and protocol."""
        return f"{self.label}/{self.protocol_key}"

    def dataset_params(self, spec: DatasetSpec) -> Params:
        """The data set's parameters, with the path of ``name:PATH`` in the field that they name (`Params.argument`).

        `ConfigError` if the data set takes no path, or needs one; or the benchmark's ``dataset_params`` are wrong.
        """
        params, field = self.benchmark.dataset_params, spec.params.argument
        if self.path is None and field and field not in params and spec.params.model_fields[field].is_required():
            raise ConfigError(f"The benchmark {self.benchmark.name!r} needs a path; write {self.benchmark.name}:PATH.")
        return make_params(spec, params, self.path)


def protocols_on(dataset: str, paths: Iterable[Path]) -> Iterator[Protocol]:
    """Every protocol of the benchmarks on a data set, in the order of the files; unreadable files are skipped."""
    for path in paths:
        try:
            benchmark = load_benchmark(path)
        except CirBenchError:
            continue  # `ls` and `doctor` report them
        if benchmark.dataset == dataset:
            yield from benchmark.protocols.values()


def known_protocols(paths: Iterable[Path]) -> Callable[[str, str], Protocol | None]:
    """How to find a protocol by benchmark (``folder:photos`` means ``folder``) and name (``original@1``).

    If two files define a benchmark, the first counts; unreadable files are skipped.
    """
    found: dict[str, Benchmark] = {}
    for path in paths:
        with contextlib.suppress(CirBenchError):  # `ls` and `doctor` report them
            benchmark = load_benchmark(path)
            found.setdefault(benchmark.name, benchmark)

    def protocol_of(benchmark: str, protocol: str) -> Protocol | None:
        known = found.get(benchmark.partition(":")[0])
        return known.protocols.get(protocol) if known else None

    return protocol_of


def find_benchmark(name: str, paths: Iterable[Path]) -> ChosenBenchmark:
    """The benchmark and protocol that ``name`` means.

    A name is ``BENCHMARK``, ``BENCHMARK/PROTOCOL`` or ``BENCHMARK/PROTOCOL@VERSION``; without protocol it is the first
    listed, without version the newest. For a data set that takes a path, ``:PATH`` follows: ``folder:../photos``,
    ``folder/default@1:../photos``. An unreadable file among ``paths`` only affects its own benchmark.

    `ConfigError` if there is no such benchmark or protocol (with the nearest name), two files define it, or the
    protocol stands behind the path.
    """
    head, colon, path = name.partition(":")
    stem, slash, protocol = head.partition("/")
    found: dict[str, tuple[Benchmark, Path]] = {}
    unreadable: list[str] = []
    for file in paths:
        try:
            benchmark = load_benchmark(file)
        except ConfigError as error:
            unreadable.append(str(error))
            continue
        if benchmark.name in found and benchmark.name == stem:
            raise ConfigError(
                f"The benchmark {stem!r} is defined twice, in {found[stem][1]} and in {file}; rename one of them."
            )
        found.setdefault(benchmark.name, (benchmark, file))
    if stem not in found:
        near = f"for the folder write folder:{name}." if Path(name).is_dir() else did_you_mean(stem, found)
        raise ConfigError(" ".join([f"There is no benchmark {stem!r}; {near}", *unreadable]))
    if colon and not path.strip():  # Path("") would be the current folder
        raise ConfigError(f"The benchmark {name!r} has no path after its colon; write {head}:PATH.")
    benchmark, _ = found[stem]
    if colon:
        _refuse_protocol_in_path(benchmark, path)
    return ChosenBenchmark(benchmark, benchmark.protocol_key(protocol if slash else None), path if colon else None)


def _refuse_protocol_in_path(benchmark: Benchmark, path: str) -> None:
    """`ConfigError` for ``hf:DIR/PROTOCOL``, where ``hf/PROTOCOL:DIR`` was meant."""
    whole = Path(path).expanduser()
    named = {name for key in benchmark.protocols for name in (key, key.partition("@")[0])}
    if whole.name in named and len(whole.parts) > 1 and not whole.exists() and whole.parent.is_dir():
        meant = f"{benchmark.name}/{whole.name}:{Path(path).parent}"
        raise ConfigError(f"There is no {path}; did you mean {meant}? The protocol stands before the colon.")
