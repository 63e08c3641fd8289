"""`evaluate`: the numbers of a protocol, a `ProtocolResult`, for ranked lists or scores made anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cir_bench.config import merge
from cir_bench.errors import DataError
from cir_bench.evaluation.measure import PartSize, measure
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registered
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.check import evaluation_problems
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.retrieval.ranking import CandidateSet, PartRankings, Ranking
from cir_bench.runs.data_root import open_rooted
from cir_bench.scoring.lists import ListedPart, RankedLists, rank_lists
from cir_bench.scoring.matrices import Scores, half_precision, rank_scores, unknown_queries


@dataclass(frozen=True)
class ProtocolResult:
    """The numbers of one protocol, with everything that must be reported next to them.

    Attributes:
        protocol: ``fashioniq/original@1``.
        protocol_hash: of every convention of it.
        reference: ``kept`` or ``removed``.
        metrics: in percent (ranks: as they are), by ``dress/R@10``, ``mean/R@10``, …, or ``R@10`` for a benchmark
            without parts; the headline is among them, by its own name.
        headline: the name of the headline.
        parts: number of queries and gallery images by part; ``""`` for a benchmark without parts.
        n_queries: over all parts.
        n_gallery: over all parts.
        faults: what did not fit, one sentence each; with any, the numbers are partial.
        problems: what is wrong with the annotations, one sentence each; with any, the numbers are partial.
        notes: what else is worth knowing, one sentence each.
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
    faults: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    tags: Mapping[str, Mapping[str, float]]

    @property
    def partial(self) -> bool:
        """Whether something was missing or did not fit."""
        return bool(self.faults or self.problems)


@dataclass(frozen=True)
class OpenedProtocol:
    """A protocol with its annotations read, to evaluate any number of rankings."""

    chosen: ChosenBenchmark
    evaluation: EvalSet

    def evaluate(
        self,
        rankings: RankedLists | Scores | Sequence[Scores],
        *,
        subset: RankedLists | None = None,
        allow_partial: bool = False,
    ) -> ProtocolResult:
        """As :func:`evaluate`."""
        if isinstance(rankings, Mapping):
            return self._of_lists(rankings, subset, allow_partial)
        if subset is not None:
            raise DataError("Scores rank every query's own candidates, too; leave out `subset`.")
        scores = [rankings] if isinstance(rankings, Scores) else rankings
        if not isinstance(scores, Sequence) or not all(isinstance(matrix, Scores) for matrix in scores):
            raise DataError(f"Rankings must be {{query id: [image ids, best first]}} or Scores, not {rankings!r:.60}.")
        parts = self.evaluation.parts
        notes = unknown_queries(scores, parts.values())
        ranked = {name: rank_scores(scores, part, self.chosen.protocol.subset) for name, part in parts.items()}
        return self._result(ranked, notes=(*notes, *half_precision(scores, ranked.values())))

    def _of_lists(self, lists: RankedLists, subset: RankedLists | None, allow_partial: bool) -> ProtocolResult:
        protocol = self.chosen.protocol
        rankings, report = rank_lists(lists, self._galleries, depth=protocol.depth(), allow_partial=allow_partial)
        subsets: dict[str, Ranking] = {}
        faults: list[str] = []
        depth = protocol.depth(CandidateSet.SUBSET)
        if protocol.subset and subset is None:  # one list for both rankings; its other faults are in the first report
            subsets, found = rank_lists(lists, self._subsets, depth=depth, allow_partial=allow_partial)
            report.short_subsets = found.short_subsets
        elif protocol.subset and subset is not None:
            try:
                subsets, found = rank_lists(subset, self._subsets, depth=depth, allow_partial=allow_partial)
            except DataError as error:
                raise DataError(f"The lists of the subset ranking: {error}") from error
            faults = [f"The lists of the subset ranking: {fault}" for fault in found.faults()]
        parts = {name: PartRankings(ranking, subsets.get(name)) for name, ranking in rankings.items()}
        return self._result(parts, [*report.faults(), *faults], report.notes())

    @cached_property
    def _galleries(self) -> dict[str, ListedPart]:
        parts = self.evaluation.parts
        return {
            name: ListedPart(part.query_set, part.gallery_ids, tuple(query.reference for query in part.queries))
            for name, part in parts.items()
        }

    @cached_property
    def _subsets(self) -> dict[str, ListedPart]:
        parts = self.evaluation.parts
        return {
            name: ListedPart(part.query_set, part.gallery_ids, candidates=part.subsets())
            for name, part in parts.items()
        }

    def _result(
        self, rankings: Mapping[str, PartRankings], faults: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> ProtocolResult:
        protocol = self.chosen.protocol
        result = measure(rankings, protocol.metrics, headline=protocol.headline.mean_of)
        assert result.headline is not None  # every protocol has one
        return ProtocolResult(
            protocol=self.chosen.name,
            protocol_hash=protocol.hash(),
            reference=protocol.reference,
            metrics={**result.metrics, protocol.headline.name: result.headline},
            headline=protocol.headline.name,
            parts=result.parts,
            n_queries=result.n_queries,
            n_gallery=sum(size.n_gallery for size in result.parts.values()),
            faults=tuple(faults),
            problems=self.evaluation.problems,
            notes=tuple(notes),
            tags=result.tags,
        )


def opened(dataset: Dataset, chosen: ChosenBenchmark) -> OpenedProtocol:
    """A protocol on a data set whose annotations were read; what is wrong with them makes every result partial."""
    evaluation = eval_set(dataset, chosen.protocol)
    problems = evaluation_problems(evaluation, chosen.protocol, dataset)
    return OpenedProtocol(chosen, replace(evaluation, problems=problems))


def open_protocol(
    protocol: str, *, data_root: Path | str | None = None, dataset_params: Mapping[str, Any] | None = None
) -> OpenedProtocol:
    """Find a protocol and read the annotations of its data set; arguments and errors as of :func:`evaluate`."""
    registry = load_plugins(PluginOptions())
    chosen = find_benchmark(protocol, registry.benchmark_paths())
    registered = registry.dataset(chosen.benchmark.dataset)
    root = Path(data_root).expanduser() if data_root is not None else None
    context = Context(root, cache_dir=Path("~/.cache/cir-bench").expanduser(), dataset=registered.name)
    dataset = open_dataset(chosen, registered, context, dataset_params or {})
    return opened(dataset, chosen)


def evaluate(
    protocol: str,
    rankings: RankedLists | Scores | Sequence[Scores],
    *,
    subset: RankedLists | None = None,
    data_root: Path | str | None = None,
    dataset_params: Mapping[str, Any] | None = None,
    allow_partial: bool = False,
) -> ProtocolResult:
    """The numbers of a protocol for rankings made anywhere.

    Args:
        protocol: ``fashioniq/original@1``, ``fashioniq`` (its first protocol), ``folder:path/to/photos``, …
        rankings: ``{query id: [image ids, best first]}`` for all parts together, or `Scores`, one for each part of the
            benchmark. Excluded references are dropped from both, by id. Equal scores count as the mean over all orders
            of the tied images; a list is used in its order.
        subset: lists of each query's own few candidates, for a protocol that ranks them (CIRR); None: they are taken
            from ``rankings``, which must then be long enough to contain them.
        data_root: holds one folder per data set.
        dataset_params: parameters of the data set, as ``--set dataset.KEY=VALUE`` gives them.
        allow_partial: evaluate lists that do not fit as far as they do; the result says what was missing.

    Raises:
        ConfigError: there is no such protocol, or a parameter is wrong.
        DataError: the data set cannot be read, or the rankings do not fit it; the message says what and where.
        RunError: a score is not a finite floating-point number; the message names query and image.
    """
    found = open_protocol(protocol, data_root=data_root, dataset_params=dataset_params)
    return found.evaluate(rankings, subset=subset, allow_partial=allow_partial)


def open_dataset(
    chosen: ChosenBenchmark, registered: Registered[DatasetSpec], context: Context, params: Mapping[str, Any]
) -> Dataset:
    """A benchmark's data set; ``params`` override the benchmark's own. Errors as of :func:`evaluate`."""
    own = chosen.dataset_params(registered.spec).model_dump(exclude_unset=True)
    return open_rooted(registered, make_params(registered.spec, merge(own, params)), context)
