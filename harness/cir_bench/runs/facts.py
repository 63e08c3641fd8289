"""The parts of a record, each from what it describes."""

from __future__ import annotations

from cir_bench.errors import DISK_FULL, CirBenchError, StorageError, printable
from cir_bench.evaluation.metrics import beyond
from cir_bench.interfaces.method import Method
from cir_bench.interfaces.specs import MethodSpec, Spec
from cir_bench.plugin.owner import CORE, BlamedPluginError
from cir_bench.plugin.registry import Registered
from cir_bench.plugin.remedies import in_words
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.limit import EXAMPLES_PER_QUERY, IMAGES_PER_QUERY, few
from cir_bench.protocols.protocol import Protocol
from cir_bench.records import models
from cir_bench.runs.cell import Cell
from cir_bench.runs.cell_data import TrainData
from cir_bench.runs.cuts import Cuts
from cir_bench.runs.selection import SelectionMetrics
from cir_bench.runs.workbench import Workbench
from cir_bench.training.state import TrainState
from cir_bench.version import __version__


def of_plugin(registered: Registered[Spec]) -> models.PluginFacts:
    """Distribution and versions behind an object."""
    owner, version = registered.owner, registered.spec.version
    return models.PluginFacts(distribution=owner.distribution, version=owner.version, object_version=version)


def of_method(cell: Cell, method: Method, trained: TrainState | None) -> models.MethodFacts:
    """The method and its size."""
    return models.MethodFacts(
        kind=cell.method.spec.kind,
        summary=cell.method.spec.summary,
        plugin=of_plugin(cell.method),
        parameters=sum(parameter.numel() for parameter in method.parameters()),
        trained_parameters=trained.trained_parameters if trained else 0,
    )


def of_encoder(cell: Cell, bench: Workbench, cuts: Cuts) -> models.EncoderFacts | None:
    """The encoder that the cell started with; None if its method reads nothing of it."""
    if not cell.needs.features:
        return None
    encoder = bench.encoders.frozen(cell)
    return models.EncoderFacts(
        plugin=of_plugin(cell.encoder),
        weights_digest=bench.encoders.weights_digest(cell),
        preprocess=encoder.preprocess,
        trained=cell.has_trained_encoder,
        pretrained=cell.provides.pretrained,
        pixel_free=cell.encoder.spec.pixel_free,
        facts=dict(encoder.facts()),
        decoders=bench.tables.decoders(cell),
        cut_texts=cuts.texts,
        cut_images=cuts.images,
    )


def of_dataset(cell: Cell, bench: Workbench, evaluation: EvalSet, data: TrainData | None) -> models.DatasetFacts:
    """The data, and how much of it is missing."""
    return models.DatasetFacts(
        name=cell.dataset.name,
        plugin=of_plugin(cell.dataset),
        synthetic=cell.dataset.spec.synthetic,
        licence=cell.dataset.spec.licence,
        missing_images=len(evaluation.missing),
        missing_triplets=data.missing if data else 0,
        problems=problems(cell, bench, evaluation),
        n_train=data.size if data else 0,
        examples=cell.needs.examples if data else "triplets",
        provenance=dict(bench.datasets.provenance(cell)),
    )


def training_data(cell: Cell, weights: models.WeightsFacts | None, *, learned: bool) -> tuple[str, ...]:
    """What the cell was trained on, as far as it is declared, each once."""
    datasets = [cell.dataset, *([cell.described[0]] if cell.described else [])]
    if not cell.needs.triplets:
        datasets = datasets[-1:]
    own = [f"{dataset.name}/train" for dataset in datasets] if learned else []
    if cell.weights is not None:
        claimed = weights.training_data if weights else ()
        own = [*claimed] or [f"unknown (published weights {cell.weights.mark})"]
    encoder = cell.encoder.spec.training_data if cell.needs.features else ()
    return tuple(dict.fromkeys([*own, *encoder, *cell.method.spec.training_data]))


def of_artefact(cell: Cell) -> models.ArtefactFacts | None:
    """The texts that were made elsewhere."""
    artefact = cell.artefact
    if artefact is None:
        return None
    header = artefact.header.model_dump(include=set(models.ArtefactFacts.model_fields))
    own = {"name": artefact.name, "file": artefact.path.name, "sha256": artefact.digest, "texts": len(artefact.texts)}
    return models.ArtefactFacts(**own, **header)


def of_rerank(cell: Cell, method: Method) -> models.RerankFacts | None:
    """The second stage."""
    if method.reranker is None:
        return None
    return models.RerankFacts(k=method.reranker.k, beyond=beyond(cell.protocol.metrics, method.reranker.k))


def of_limit(cell: Cell, evaluation: EvalSet | None = None, of_examples: int = 0) -> models.LimitFacts | None:
    """The quick look, and what it is cut from as far as that is known."""
    if cell.limit is None:
        return None
    whole = evaluation.whole if evaluation else None
    return models.LimitFacts(
        queries=cell.limit,
        images_per_query=IMAGES_PER_QUERY,
        examples_per_query=EXAMPLES_PER_QUERY,
        of_queries=dict(whole.n_queries) if whole else {},
        of_gallery=dict(whole.n_gallery) if whole else {},
        of_examples=of_examples,
    )


def whole_examples(cell: Cell, bench: Workbench, data: TrainData | None) -> int:
    """How many triplets a quick look would be trained on without its limit; 0 if it is not, or draws its triplets."""
    dataset = bench.datasets.of(cell)
    if cell.limit is None or data is None or not cell.needs.triplets or dataset.sampler() is not None:
        return 0
    triplets = dataset.train()
    return data.size * len(triplets) // max(1, len(few(triplets, cell.limit)))  # some of both are held out


def of_protocol(protocol: Protocol) -> models.ProtocolFacts:
    """The protocol in brief."""
    fields = protocol.model_dump(include=set(models.ProtocolFacts.model_fields))
    return models.ProtocolFacts(hash=protocol.hash(), **fields)


def of_selection(cell: Cell, trained: TrainState | None, data: TrainData | None) -> models.SelectionFacts:
    """How the checkpoint was chosen."""
    if trained is None or data is None:
        return models.SelectionFacts(on="nothing to train")
    held = data.held_out
    return models.SelectionFacts(
        on=cell.method_params.selection.on,
        metric=str(SelectionMetrics.of(cell.protocol)) if held else "",
        n_queries=sum(held.n_queries.values()) if held else 0,
        n_gallery=sum(held.n_gallery.values()) if held else 0,
        epoch=trained.best_epoch,
        score=trained.best_score,
    )


def problems(cell: Cell, bench: Workbench, evaluation: EvalSet) -> tuple[str, ...]:
    """What is wrong with the annotations that the cell reads."""
    return (*evaluation.problems, *(bench.datasets.train_problems(cell) if cell.reads_triplets else ()))


def notes(cell: Cell, bench: Workbench, evaluation: EvalSet, data: TrainData | None) -> tuple[str, ...]:
    """Whatever a reader of the numbers must know."""
    found = [*(f"partial: {problem}" for problem in problems(cell, bench, evaluation)), *evaluation.notes]
    if evaluation.missing:
        found.append(f"partial: {len(evaluation.missing)} images missing, {len(evaluation.dropped)} queries left out")
    if data is not None and data.missing:
        found.append(f"partial: {data.missing} training triplets left out, since an image is missing")
    if data is not None and cell.method_params.selection.on == "test":
        found.append("the checkpoint was chosen on the evaluation split, which leaks")
    return tuple(found)


def of_failure(error: BaseException, method: Registered[MethodSpec], stage: str) -> models.Failure:
    """Which plugin failed, with its version, and what to do."""
    plugin, version = method.owner.distribution, method.owner.version
    if isinstance(error, BlamedPluginError):
        plugin, version, stage = error.owner.distribution, error.owner.version, error.stage
        exception, hint = error.exception, error.remedy
    elif isinstance(error, CirBenchError):
        exception, hint = printable(str(error)), ""
    else:
        plugin, version, exception = CORE, __version__, in_words(error)
        hint = "this looks like a bug in the harness; CIR_BENCH_DEBUG=1 shows the traceback"
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            hint = "free some space, or choose another folder with --out, and run it again"
    return models.Failure(
        plugin=plugin, version=version, stage=stage, exception=exception, hint=hint, passing=_is_passing(error)
    )


def _is_passing(error: BaseException | None) -> bool:
    """Whether a file could not be written or read, which may be otherwise next time."""
    while error is not None:
        if isinstance(error, StorageError) or (isinstance(error, OSError) and error.errno in DISK_FULL):
            return True
        error = error.__cause__
    return False
