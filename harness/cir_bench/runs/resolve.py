"""From a request to cells: looks up names, merges parameters, refuses what does not fit. Imports no torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from cir_bench.config import merge
from cir_bench.errors import CirBenchError, ConfigError, PluginError
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.interfaces.specs import EncoderSpec, MethodSpec
from cir_bench.params.models import MethodParams
from cir_bench.params.tunable import nested
from cir_bench.plugin.needs import provides_of
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.runs.artefacts import Artefacts, without_artefact
from cir_bench.runs.cell import Cell, CellParams, make_cell
from cir_bench.runs.corpora import learners_without_triplets, without_examples
from cir_bench.runs.overrides import Overrides, changed
from cir_bench.runs.query_text import template_refusal
from cir_bench.runs.request import RunRequest
from cir_bench.runs.tunings import Tunings
from cir_bench.runs.weights import WeightsFiles, untrained, without_training

_ONE_SEED = (
    "Methods with --weights are not trained, so that all seeds would be the same: they are run with seed 0 alone."
)
_QUICK_LOOK = (
    "A quick look (--limit): few queries, small galleries, little training. Nothing of it is ranked or compared."
)
_KIND_ORDER = {"sentinel": 0, "baseline": 1, "method": 2}


class _Given(NamedTuple):
    """What the user gives for single methods."""

    overrides: Overrides
    tunings: Tunings
    weights: WeightsFiles
    artefacts: Artefacts


def resolve(request: RunRequest, registry: Registry) -> list[Cell]:
    """All cells of a request: cheap methods first, and the seeds of one method together."""
    methods = [registry.method(name) for name in dict.fromkeys(request.methods) or registry.all(MethodSpec)]
    if not methods:
        raise ConfigError("no plugin registers a method; install one, or do not pass --no-plugins.")
    methods.sort(key=lambda method: _KIND_ORDER[method.spec.kind])
    overrides = Overrides(request.settings, methods)
    files = registry.benchmark_paths()
    weights = WeightsFiles(request.weights, methods)
    weights.refuse_training(request.settings)
    given = _Given(overrides, Tunings(request.tuned), weights, Artefacts(request.artefacts))
    cells: list[Cell] = []
    for name in dict.fromkeys(request.benchmarks):
        benchmark = find_benchmark(name, files)
        for method in methods:
            for encoder in _encoders(request, benchmark, method):
                cells += _cells(request, registry, benchmark, method, encoder, given)
    overrides.refuse_unused()
    given.tunings.refuse_unused()
    given.artefacts.refuse_unused()
    if not request.methods:
        cells = [cell for cell in cells if _belongs_to_all(cell)]
    return cells


def _belongs_to_all(cell: Cell) -> bool:
    """Not without the texts that it needs, nor a method of joint features with an encoder that has none."""
    without_texts = cell.needs.text_from is not None and cell.artefact is None
    return not without_texts and not (cell.needs.joint and not cell.provides.joint)


def resolve_all(requests: Sequence[RunRequest], registry: Registry) -> list[Cell]:
    """The cells of several requests, each once; the requests must agree in the settings of the whole run."""
    shared = [(r.out, r.data_root, r.device, r.allow_partial) for r in requests]
    if len(set(shared)) > 1:
        raise ConfigError("the runs of a suite share out, data_root, device and allow_partial; set each of them once.")
    cells = [cell for request in requests for cell in resolve(request, registry)]
    return list({(cell.key.model_dump_json(), cell.precision): cell for cell in cells}.values())


def left_out(requests: Sequence[RunRequest], cells: Sequence[Cell], registry: Registry) -> list[str]:
    """A sentence for whatever is asked for and not run: more than one seed of fixed weights; what lacks an artefact."""
    found = [_ONE_SEED] if any(request.weights and request.seeds > 1 for request in requests) else []
    found += [_QUICK_LOOK] if any(request.limit for request in requests) else []
    if any(not request.methods for request in requests):
        run = {cell.key.method for cell in cells}
        found += without_artefact(registry, run) + _without_joint(registry, run)
    return found


def _without_joint(registry: Registry, run: Collection[str]) -> list[str]:
    """A sentence for each method that is not ``run``, since it needs joint features."""
    needs = {name: one.spec.needs for name, one in registry.all(MethodSpec).items() if name not in run}
    return [
        f"{name} is left out: it needs an encoder that reads an image and a text together (cir-bench ls encoders)."
        for name, one in needs.items()
        if isinstance(one, Needs) and one.joint
    ]


def _encoders(request: RunRequest, benchmark: ChosenBenchmark, method: Registered[MethodSpec]) -> Sequence[str]:
    if request.encoders:
        return tuple(dict.fromkeys(request.encoders))
    if request.track == "paper":
        return (method.spec.paper_encoder,) if method.spec.paper_encoder else ()
    return (benchmark.benchmark.default_encoder,)


def _cells(
    request: RunRequest,
    registry: Registry,
    benchmark: ChosenBenchmark,
    method: Registered[MethodSpec],
    encoder_name: str,
    given: _Given,
) -> Iterable[Cell]:
    """The cells of one method, one for each seed."""
    dataset = registry.dataset(benchmark.benchmark.dataset)
    base, argument = split_argument(encoder_name)
    encoder = registry.encoder(base)
    of_method, of_encoder, of_dataset = given.overrides.of(method.spec, encoder.spec, dataset.spec)
    weights = given.weights.of(method.name)
    if weights is not None:
        of_method = without_training(of_method, method.spec)
    encoder_recipe = _encoder_recipe(request, benchmark, method, encoder_name)
    dataset_params = benchmark.dataset_params(dataset.spec).model_dump(exclude_unset=True)
    tuning = None if weights else given.tunings.of(method.name, benchmark.label, encoder_name, request.track)
    recipe = merge(_recipe(request, benchmark, method), nested(tuning.best.values) if tuning else {})
    params = CellParams(
        make_params(method.spec, merge(recipe, of_method)),
        make_params(encoder.spec, merge(encoder_recipe, of_encoder), argument),
        make_params(dataset.spec, merge(dataset_params, of_dataset)),
    )
    if weights is not None:
        params = params._replace(method=untrained(cast(MethodParams, params.method)))
    variant = {
        **changed(of_method, params.method),
        **changed(of_encoder, params.encoder, "encoder."),
        **changed(of_dataset, params.dataset, "dataset."),
        **({"tuned": f"{len(tuning.trials)}x{tuning.epochs}"} if tuning else {}),
        **({"published": weights.mark} if weights else {}),
        **({"limit": str(request.limit)} if request.limit else {}),
    }
    for seed in range(1 if weights else request.seeds):  # without training, all seeds are the same
        key = CellKey(
            method=method.name,
            benchmark=benchmark.label,
            protocol=benchmark.protocol_key,
            encoder=encoder_name,
            track=request.track,
            seed=seed,
            variant=" ".join(f"{name}={value}" for name, value in sorted(variant.items())),
        )
        cell = make_cell(registry, key, benchmark, params, request.precision)
        tuned = tuning.facts() if tuning else None
        cell = given.artefacts.given_to(replace(cell, tuned=tuned, weights=weights, limit=request.limit))
        yield replace(cell, refusal=cell.refusal or given.artefacts.refusal(cell) or _refusal(cell, registry, recipe))


def _recipe(request: RunRequest, benchmark: ChosenBenchmark, method: Registered[MethodSpec]) -> dict[str, Any]:
    """Controlled: the benchmark's settings for all methods over the method's own for it. Paper: the method's recipe."""
    if request.track == "controlled":
        own = _of_benchmark(method.spec.controlled, benchmark)
        chosen = benchmark.benchmark
        return merge(own, {"training": chosen.training, "selection": chosen.selection})
    return _of_benchmark(method.spec.recipes, benchmark)


def _encoder_recipe(
    request: RunRequest, benchmark: ChosenBenchmark, method: Registered[MethodSpec], encoder_name: str
) -> dict[str, Any]:
    """The paper's parameters of its own encoder; nothing for another encoder or on the controlled track."""
    if request.track != "paper" or encoder_name != method.spec.paper_encoder:
        return {}
    return _of_benchmark(method.spec.encoder_recipes, benchmark)


def _of_benchmark(recipes: Mapping[str, Mapping[str, Any]], benchmark: ChosenBenchmark) -> dict[str, Any]:
    return merge(recipes.get("*", {}), recipes.get(benchmark.benchmark.name, {}))


def _refusal(cell: Cell, registry: Registry, recipe: Mapping[str, Any]) -> str:
    """Why the cell cannot run, and which encoders or methods would do; empty when it can."""
    try:
        lacks = cell.provides.lacks(cell.needs)
    except PluginError as error:  # the encoder's plugin cannot say what it provides
        return str(error)
    trained = [name for name, one in cell.stage_settings().items() if one.epochs and cell.trains_encoder(one)]
    if not cell.provides.trainable and trained:
        lacks.append(f"an encoder that can be trained ({trained[0]}.encoder=train)")
    if not lacks:
        return template_refusal(cell, recipe) or _untrainable(cell, registry, bool(trained))
    fitting = [
        name
        for name, other in registry.all(EncoderSpec).items()
        if name != cell.encoder.name and _fits(other, cell, bool(trained))
    ]
    would_do = f"encoders that would do: {', '.join(fitting)}" if fitting else "no registered encoder would do"
    return f"method {cell.key.method!r} needs {' and '.join(lacks)} from encoder {cell.key.encoder!r}; {would_do}."


def _untrainable(cell: Cell, registry: Registry, trains_encoder: bool) -> str:
    """Why there is nothing to train on: the data set is for evaluation only."""
    method = cell.method.spec
    if cell.weights is not None:
        return _random_encoder(cell)
    if not cell.needs.triplets:
        return without_examples(cell)
    if cell.dataset.spec.trains or method.kind == "sentinel" or not (method.learns or trains_encoder):
        return ""
    learner = f"method {cell.key.method!r}" if method.learns else f"encoder {cell.key.encoder!r}"
    others = [name for name, one in registry.all(MethodSpec).items() if not one.spec.learns]
    alone = learners_without_triplets(registry)
    corpus = f"; methods that learn from another data set (--set METHOD.corpus=NAME): {', '.join(alone)}"
    return (
        f"{learner} must be trained, and the data set {cell.dataset.name!r} has no training triplets; "
        f"methods that need none (with a pretrained encoder): {', '.join(others) or 'none is registered'}"
        f"{corpus if alone else ''}."
    )


def _random_encoder(cell: Cell) -> str:
    """Why published weights cannot be evaluated: nobody has trained the encoder."""
    if cell.provides.pretrained:
        return ""
    return (
        f"encoder {cell.key.encoder!r} has random weights, and with --weights nothing is trained; name the pretrained "
        f"encoder that the weights of {cell.key.method!r} were published with."
    )


def _fits(encoder: Registered[EncoderSpec], cell: Cell, trained: bool) -> bool:
    try:
        provides = provides_of(encoder, make_params(encoder.spec))
    except CirBenchError:  # it needs an argument, or its plugin is broken: nothing is known about it
        return False
    return not provides.lacks(cell.needs) and (provides.trainable or not trained)
