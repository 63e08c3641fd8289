"""`evaluate`: ranked lists or scores made anywhere, and the numbers that a protocol makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cir_bench.config import merge
from cir_bench.errors import DataError
from cir_bench.evaluation.evaluate import EvaluationResult, PartSize
from cir_bench.evaluation.evaluate import evaluate as evaluate_rankings
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registered, create
from cir_bench.protocols.eval_set import EvalSet, eval_set
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.protocols.protocol import Protocol
from cir_bench.scoring.lists import Judged, Lists, rank_lists
from cir_bench.scoring.matrices import Scores, rank_scores


@dataclass(frozen=True)
class ProtocolResult:
    """Numbers of one protocol, and what must stand beside them.

    Attributes:
        protocol: ``fashioniq/original@1``.
        protocol_hash: of every convention of it.
        reference: ``kept`` or ``removed``.
        metrics: in percent (ranks: as they are), by ``dress/R@10``, ``mean/R@10``, …, or ``R@10`` for a benchmark
            without parts; the headline is among them, by its own name.
        headline: the name of that one.
        parts: number of queries and gallery images by part; ``""`` for a benchmark without parts.
        n_queries: over all parts.
        n_gallery: over all parts.
        faults: what did not fit, one sentence each; with any, the numbers are partial.
        notes: what else should be known, one sentence each.
        tags: ``{tag: {"n": queries, "R@10": value, …}}``.
    """

    protocol: str
    protocol_hash: str
    reference: str
    metrics: Mapping[str, float]
    headline: str
    parts: Mapping[str, PartSize]
    n_queries: int
    n_gallery: int
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tags: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether something was missing or did not fit."""
        return bool(self.faults)

    @classmethod
    def of(cls, name: str, protocol: Protocol, result: EvaluationResult, judged: Judged) -> ProtocolResult:
        """What an evaluation gave under the protocol called ``name``."""
        headline = {} if result.headline is None else {protocol.headline.name: result.headline}
        return cls(
            protocol=name,
            protocol_hash=protocol.hash(),
            reference=protocol.reference,
            metrics={**result.metrics, **headline},
            headline=protocol.headline.name,
            parts=result.parts,
            n_queries=result.n_queries,
            n_gallery=sum(size.n_gallery for size in result.parts.values()),
            faults=judged.faults,
            notes=judged.notes,
            tags=result.by_tag(),
        )


@dataclass(frozen=True)
class OpenedProtocol:
    """A protocol whose annotations are read, for rankings again and again.

    Attributes:
        chosen: the benchmark and the protocol.
        evaluation: queries, galleries and truth, by part.
    """

    chosen: ChosenBenchmark
    evaluation: EvalSet

    def evaluate(
        self,
        rankings: Lists | Scores | Sequence[Scores],
        *,
        subset: Lists | None = None,
        allow_partial: bool = False,
    ) -> ProtocolResult:
        """As :func:`evaluate`."""
        protocol = self.chosen.protocol
        if isinstance(rankings, Mapping):
            judged = rank_lists(rankings, self.evaluation, protocol, subset=subset, allow_partial=allow_partial)
        elif subset is not None:
            raise DataError("Scores rank every query's own candidates, too; leave out `subset`.")
        else:
            tables = [rankings] if isinstance(rankings, Scores) else rankings
            if not isinstance(tables, Sequence) or not all(isinstance(table, Scores) for table in tables):
                raise DataError(
                    f"Rankings must be {{query id: [image ids, best first]}} or Scores, not {rankings!r:.60}."
                )
            judged = rank_scores(tables, self.evaluation, protocol)
        return measure(self.chosen, judged)


def open_protocol(
    protocol: str, *, data_root: Path | str | None = None, dataset_params: Mapping[str, Any] | None = None
) -> OpenedProtocol:
    """Look a protocol up and read its data set's annotations; arguments and errors as of :func:`evaluate`."""
    registry = load_plugins(PluginOptions())
    chosen = find_benchmark(protocol, registry.benchmark_paths())
    registered = registry.dataset(chosen.benchmark.dataset)
    root = Path(data_root).expanduser() if data_root is not None else None
    context = Context(root, cache_dir=Path("~/.cache/cir-bench").expanduser(), dataset=registered.name)
    dataset = open_dataset(chosen, registered, context, dataset_params or {})
    return OpenedProtocol(chosen, eval_set(dataset, chosen.protocol))


def evaluate(
    protocol: str,
    rankings: Lists | Scores | Sequence[Scores],
    *,
    subset: Lists | None = None,
    data_root: Path | str | None = None,
    dataset_params: Mapping[str, Any] | None = None,
    allow_partial: bool = False,
) -> ProtocolResult:
    """The numbers that a protocol makes of rankings made anywhere.

    Args:
        protocol: ``fashioniq/original@1``, ``fashioniq`` (its first protocol), ``folder:path/to/photos``, …
        rankings: ``{query id: [image ids, best first]}`` for all parts together, or `Scores`, for a benchmark with
            parts one for each part. Excluded references are dropped from both, by id. Equal scores count as the mean
            over all orders of the tied images; a list is taken as it stands.
        subset: lists of each query's own few candidates, for a protocol that ranks them (CIRR); None: they are read off
            ``rankings``.
        data_root: holds one folder per data set.
        dataset_params: parameters of the data set, as ``--set dataset.KEY=VALUE`` gives them.
        allow_partial: score what is there of lists that do not fit; the result says what was missing.

    Raises:
        ConfigError: no such protocol, or wrong parameters.
        DataError: the data set cannot be read, or the rankings do not fit it; the sentence says what and where.
        RunError: a score is no finite floating-point number; the sentence names query and image.
    """
    opened = open_protocol(protocol, data_root=data_root, dataset_params=dataset_params)
    return opened.evaluate(rankings, subset=subset, allow_partial=allow_partial)


def open_dataset(
    chosen: ChosenBenchmark, registered: Registered[DatasetSpec], context: Context, params: Mapping[str, Any]
) -> Dataset:
    """A benchmark's data set, with parameters that win over the benchmark's own; errors as of :func:`evaluate`."""
    given = chosen.dataset_params(registered.spec).model_dump(exclude_unset=True)
    return cast(Dataset, create(registered, make_params(registered.spec, merge(given, params)), context))


def measure(chosen: ChosenBenchmark, judged: Judged) -> ProtocolResult:
    """The protocol's metrics of rankings."""
    protocol = chosen.protocol
    result = evaluate_rankings(judged.rankings, protocol.metrics, headline=protocol.headline.mean_of)
    return ProtocolResult.of(chosen.name, protocol, result, judged)
