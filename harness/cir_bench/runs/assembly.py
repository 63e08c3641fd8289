"""`AssembledCell`: a cell's method, encoders, features and data, put together; with new weights or trained ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.evaluation.measure import measure
from cir_bench.features import names
from cir_bench.features.chunks import Chunks
from cir_bench.features.source import MAIN, FeatureSource
from cir_bench.inference.rank import Ranked, rank
from cir_bench.interfaces.encoder import Encoder, without_pseudo_words
from cir_bench.interfaces.events import Announce, unheard
from cir_bench.interfaces.levels import levels
from cir_bench.interfaces.method import Method
from cir_bench.interfaces.pseudo_words import PseudoWords
from cir_bench.plugin.build import build_method
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.templates import word_template_of
from cir_bench.runs.cell import Cell
from cir_bench.runs.selection import SelectionMetrics
from cir_bench.runs.sources import CellSources
from cir_bench.runs.status import CHECKPOINTS, SCRATCH
from cir_bench.runs.workbench import Workbench
from cir_bench.training.checkpoints import Checkpoints, kept_weights
from cir_bench.training.parts import Computation, Selector, Trainee, TrainExamples
from cir_bench.training.seeding import derive_seed, seed_torch
from cir_bench.training.trainer import Trainer


@dataclass(frozen=True)
class AssembledCell:
    """A cell that can be trained and evaluated; its checkpoints are in ``folder``."""

    cell: Cell
    bench: Workbench
    trainee: Trainee
    sources: CellSources
    computation: Computation
    folder: Path

    @property
    def method(self) -> Method:
        """The cell's method."""
        return self.trainee.method

    @property
    def learns(self) -> bool:
        """Whether there is anything to train."""
        if self.cell.weights is not None:
            return False
        return bool(self.trainee.encoders) or any(one.requires_grad for one in self.method.parameters())

    def rank(self, source: FeatureSource, evaluation: EvalSet, *, subset: bool) -> Ranked:
        """Rankings by the method as it is now; ``subset`` as in :func:`~cir_bench.inference.rank.rank`."""
        composer, how = self.method.composer, self.computation
        return rank(
            composer,
            source,
            evaluation,
            subset=subset,
            device=how.device,
            autocast=how.autocast,
            ranks=how.ranks,
            reranker=self.method.reranker,
            sizes=self.bench.sizes,
        )

    def trainer(self, fingerprint: str) -> Trainer:
        """A trainer for it; ``fingerprint`` is that of its checkpoints."""
        cell, data = self.cell, self.bench.data.train(self.cell)
        selection, metrics, held_out = cell.method_params.selection, SelectionMetrics.of(cell.protocol), data.held_out

        def score(source: FeatureSource, encoders_changed: bool) -> float:
            assert held_out is not None
            if selection.on == "test":
                source = self.sources.for_evaluation(encoders_changed)
            parts = self.rank(source, held_out, subset=False).parts
            headline = measure(parts, metrics.names, headline=metrics.keys).headline
            assert headline is not None
            return headline

        return Trainer(
            self.trainee,
            TrainExamples(data.triplets, lambda: self.bench.data.descriptions(cell)),
            self.sources,
            Selector(selection, None if held_out is None else score),
            Checkpoints(self.folder / CHECKPOINTS, fingerprint, writes=self.bench.ranks.first),
            self.computation,
        )


def assemble(
    cell: Cell,
    bench: Workbench,
    registry: Registry,
    folder: Path,
    announce: Announce = unheard,
    chunks: Chunks | None = None,
) -> AssembledCell:
    """A cell with its initial weights; ``registry`` has the composers and losses of its method.

    ``chunks`` are those of a try of the same cell for which the memory was too small.
    """
    seed_torch(cell.key.seed, "initial weights")
    shape = bench.encoders.frozen(cell).shape if cell.needs.features else names.SHAPE
    encoders: dict[str, Encoder] = {}
    words = _pseudo_words(cell, bench.encoders.frozen(cell), encoders) if cell.needs.pseudo_words else None
    method = build_method(cell.method, cell.method_params, registry, shape, words).to(bench.device)
    if any(cell.trains_encoder(stage.training) for stage in method.stages() if stage.training.epochs):
        for branch in tuple(method.branches) or (MAIN,):
            encoders[branch] = bench.encoders.fresh(cell, derive_seed(cell.key.seed, "encoder", branch))
    return AssembledCell(
        cell,
        bench,
        Trainee(method, encoders, cell.trains_encoder),
        CellSources(cell, bench, encoders, folder / SCRATCH, announce, chunks),
        Computation(cell.key, bench.device, cell.precision, announce, bench.ranks),
        folder,
    )


def _pseudo_words(cell: Cell, frozen: Encoder, trained: Mapping[str, Encoder]) -> PseudoWords:
    """The text tower of the cell's own encoder if it is trained, otherwise of the frozen one."""
    template = word_template_of(cell.protocol.templates, cell.needs)
    assert template is not None
    width = frozen.pseudo_word_width
    if width is None:
        raise without_pseudo_words(frozen)
    return PseudoWords(
        width,
        lambda *texts: trained.get(MAIN, frozen).encode_texts_with(*texts),
        lambda texts: trained.get(MAIN, frozen).encode_texts(texts, levels("pooled")),
        template.template,
    )


def restore(cell: Cell, bench: Workbench, registry: Registry, folder: Path) -> AssembledCell:
    """A finished cell with the weights that its training left in ``folder``, in evaluation mode."""
    assembled = assemble(cell, bench, registry, folder)
    place = folder / CHECKPOINTS
    return with_weights(assembled, kept_weights(place), place)


def with_weights(assembled: AssembledCell, weights: Mapping[str, Tensor] | None, place: Path) -> AssembledCell:
    """The cell with the weights of its training, which were read from ``place``, in evaluation mode."""
    if weights is not None:
        with_encoders = any(not name.startswith("method.") for name in weights)
        try:
            assembled.trainee.modules(with_encoders).load_state_dict(weights)
        except RuntimeError as error:
            raise RunError(f"the weights in {place} are of another version of the method") from error
    elif assembled.learns or assembled.cell.weights is not None:
        raise RunError(f"the weights of the cell were not kept in {place}")
    assembled.trainee.modules(with_encoders=True).eval().requires_grad_(False)
    return assembled
