"""From a request to cells: names looked up, parameters merged and checked, impossible pairings found. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cir_bench.config import dotted, merge
from cir_bench.errors import CirBenchError, ConfigError, PluginError, did_you_mean
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec
from cir_bench.params.models import MethodParams, Params
from cir_bench.plugin.needs import Wrapped, needs_together, provides_of, wrapped_composers
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.runs.cell import Cell
from cir_bench.runs.request import RunRequest

_EXACT = 2.0**53
"""Below it every whole number is a float of its own."""
_KIND_ORDER = {"sentinel": 0, "baseline": 1, "method": 2}


def resolve(request: RunRequest, registry: Registry) -> list[Cell]:
    """All cells of a request, cheap methods first, the seeds of one method together.

    Raises:
        ConfigError: a name nobody registered, a parameter nobody knows, a value that is not allowed.
    """
    methods = [registry.method(name) for name in dict.fromkeys(request.methods)] or list(
        registry.all(MethodSpec).values()
    )
    if not methods:
        raise ConfigError("no plugin registers a method; install one, or do not pass --no-plugins.")
    methods.sort(key=lambda method: _KIND_ORDER[method.spec.kind])
    settings = _Settings(request.settings, methods)
    files = registry.benchmark_paths()
    cells: list[Cell] = []
    for name in dict.fromkeys(request.benchmarks):
        benchmark = find_benchmark(name, files)
        costly = () if request.methods else benchmark.benchmark.costly
        for method in (one for one in methods if one.name not in costly):
            for encoder in _encoders(request, benchmark, method):
                cells += _cells(request, registry, benchmark, method, encoder, settings)
    settings.refuse_unused()
    return cells


def resolve_all(requests: Sequence[RunRequest], registry: Registry) -> list[Cell]:
    """The cells of several requests, each once.

    Raises:
        ConfigError: as :func:`resolve`; or the requests differ in what belongs to a whole run.
    """
    shared = [(r.out, r.data_root, r.device, r.allow_partial) for r in requests]
    if len(set(shared)) > 1:
        raise ConfigError("the runs of a suite must have one out, data_root, device and allow_partial; set them once.")
    cells = [cell for request in requests for cell in resolve(request, registry)]
    return list({(cell.key.model_dump_json(), cell.precision): cell for cell in cells}.values())


def left_out(requests: Sequence[RunRequest], registry: Registry) -> list[str]:
    """One sentence for each benchmark of an ``--all`` that leaves out costly methods."""
    files = registry.benchmark_paths()
    names = dict.fromkeys(name for request in requests if not request.methods for name in request.benchmarks)
    found = [find_benchmark(name, files).benchmark for name in names]
    return [
        f"--all leaves out, as taking long on {one.name}: {', '.join(one.costly)} (run them with -m NAME)."
        for one in found
        if one.costly
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
    settings: _Settings,
) -> Iterable[Cell]:
    dataset = registry.dataset(benchmark.benchmark.dataset)
    base, argument = split_argument(encoder_name)
    encoder = registry.encoder(base)
    recipe = _recipe(request, benchmark, method)
    for_method, for_encoder, for_dataset = settings.of(method, encoder.spec, dataset.spec)
    method_params = make_params(method.spec, merge(recipe, for_method))
    assert isinstance(method_params, MethodParams)
    wrapped: tuple[Wrapped, ...] = ()
    needs, refusal = Needs(), ""
    try:
        wrapped = wrapped_composers(registry, method, method_params)
        needs = needs_together(method, method_params, wrapped)
    except PluginError as error:  # this method cannot run; the others can
        refusal = str(error)
    encoder_params = make_params(
        encoder.spec, merge(_encoder_recipe(request, benchmark, method, encoder_name), for_encoder), argument
    )
    given = benchmark.dataset_params(dataset.spec)
    dataset_params = make_params(dataset.spec, merge(given.model_dump(exclude_unset=True), for_dataset))
    changed = {
        **_changed(for_method, method_params),
        **{f"encoder.{name}": value for name, value in _changed(for_encoder, encoder_params).items()},
        **{f"dataset.{name}": value for name, value in _changed(for_dataset, dataset_params).items()},
    }
    for seed in range(request.seeds):
        key = CellKey(
            method=method.name,
            benchmark=benchmark.label,
            protocol=benchmark.protocol_key,
            encoder=encoder_name,
            track=request.track,
            seed=seed,
            variant=" ".join(f"{name}={value}" for name, value in sorted(changed.items())),
        )
        cell = Cell(
            key=key,
            benchmark=benchmark,
            dataset=dataset,
            dataset_params=dataset_params,
            encoder=encoder,
            encoder_params=encoder_params,
            method=method,
            method_params=method_params,
            precision=request.precision,
            wrapped=wrapped,
            described=described_dataset(registry, needs.side_text_from),
        )
        yield Cell(**{**vars(cell), "refusal": refusal or refusal_of(cell, registry)})


def _recipe(request: RunRequest, benchmark: ChosenBenchmark, method: Registered[MethodSpec]) -> dict[str, Any]:
    """Controlled: the benchmark's budget on top of the method's choice for it. Paper: the recipe for the benchmark."""
    if request.track == "controlled":
        own = method.spec.controlled.get(benchmark.benchmark.name, {})
        return merge(own, {"training": benchmark.benchmark.training})
    recipes = method.spec.recipes
    return merge(recipes.get("*", {}), recipes.get(benchmark.benchmark.name, {}))


def described_dataset(registry: Registry, name: str | None) -> tuple[Registered[DatasetSpec], Params] | None:
    """The data set ``NAME`` or ``NAME:ARGUMENT`` with its parameters."""
    if name is None:
        return None
    base, argument = split_argument(name)
    dataset = registry.dataset(base)
    return dataset, make_params(dataset.spec, {}, argument)


def _encoder_recipe(
    request: RunRequest, benchmark: ChosenBenchmark, method: Registered[MethodSpec], encoder_name: str
) -> dict[str, Any]:
    """The paper's parameters of its own encoder; nothing for another encoder or on the controlled track."""
    if request.track != "paper" or encoder_name != method.spec.paper_encoder:
        return {}
    recipes = method.spec.encoder_recipes
    return merge(recipes.get("*", {}), recipes.get(benchmark.benchmark.name, {}))


def refusal_of(cell: Cell, registry: Registry) -> str:
    """Why data set, method and encoder of a cell cannot work together, and what would do; empty when they can."""
    try:
        lacks = cell.provides.lacks(cell.needs)
    except PluginError as error:  # the encoder's plugin cannot say what it provides
        return str(error)
    trained = [name for name, training in cell.stage_settings().items() if cell.trains_encoder(training)]
    if not cell.provides.trainable and trained:
        lacks.append(f"an encoder that can be trained ({trained[0]}.encoder=train)")
    if not lacks:
        return _untrainable(cell, registry, bool(trained))
    fitting = [
        name
        for name, other in registry.all(EncoderSpec).items()
        if name != cell.encoder.name and _fits(other, cell, bool(trained))
    ]
    would_do = f"encoders that would do: {', '.join(fitting)}" if fitting else "no registered encoder would do"
    return f"method {cell.key.method!r} needs {' and '.join(lacks)} from encoder {cell.key.encoder!r}; {would_do}."


def _untrainable(cell: Cell, registry: Registry, trains_encoder: bool) -> str:
    """Why a cell has nothing to be trained on: the data set is for evaluation only."""
    method = cell.method.spec
    if cell.dataset.spec.trains or method.kind == "sentinel" or not (method.learns or trains_encoder):
        return ""
    who = f"method {cell.key.method!r}" if method.learns else f"encoder {cell.key.encoder!r}"
    others = [name for name, one in registry.all(MethodSpec).items() if not one.spec.learns]
    return (
        f"{who} must be trained, and the data set {cell.dataset.name!r} has no training triplets; "
        f"methods that need none (with a pretrained encoder): {', '.join(others) or 'none is registered'}."
    )


def _fits(encoder: Registered[EncoderSpec], cell: Cell, trained: bool) -> bool:
    try:
        provides = provides_of(encoder, make_params(encoder.spec))
    except CirBenchError:  # it needs an argument, or its plugin is broken: nothing is known of it
        return False
    return not provides.lacks(cell.needs) and (provides.trainable or not trained)


class _Settings:
    """``--set`` values, handed to the objects that know them; a key that no object of the run knows is refused."""

    def __init__(self, settings: Mapping[str, Any], methods: Sequence[Registered[MethodSpec]]) -> None:
        self._settings = settings
        self._names = {method.name for method in methods}
        self._unused = {key: True for key in settings if key not in self._names}
        self._known: set[str] = set()

    def of(
        self, method: Registered[MethodSpec], encoder: EncoderSpec, dataset: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The values for one method, encoder and data set."""
        own: dict[str, Any] = {}
        for key, value in self._settings.items():
            if key in method.spec.params.model_fields:
                own = merge(own, {key: value})
                self._unused[key] = False
        self._known |= {*method.spec.params.model_fields, *self._names, "encoder", "dataset"}
        for_one = self._settings.get(method.name, {})
        if not isinstance(for_one, Mapping):
            raise ConfigError(f"--set {method.name}=…: name one of its parameters, {method.name}.KEY=VALUE.")
        return (
            merge(own, for_one),
            self._section("encoder", encoder.params),
            self._section("dataset", dataset.params),
        )

    def refuse_unused(self) -> None:
        """Raise `ConfigError` for a key that no method of the run has."""
        for key, unused in self._unused.items():
            if unused:
                raise ConfigError(
                    f"--set {key}=…: no method of this run has a parameter {key!r}; {did_you_mean(key, self._known)}"
                )

    def _section(self, name: str, model: type[Params]) -> dict[str, Any]:
        values = self._settings.get(name, {})
        if not isinstance(values, Mapping):
            raise ConfigError(f"--set {name}=…: name one of its parameters, {name}.KEY=VALUE.")
        if name in self._unused:
            self._unused[name] = False
        known = model.model_fields
        for key in values:
            if key not in known:
                raise ConfigError(
                    f"--set {name}.{key}=…: this {name} has no such parameter; {did_you_mean(key, known)}"
                )
        return dict(values)


def _changed(given: Mapping[str, Any], params: Params) -> dict[str, str]:
    """What the user gave a value to, by dotted name, with the value that it became: 1e3 epochs are 1000 epochs."""
    checked = params.model_dump(mode="json")
    return {name: str(_plain(_value(checked, name.split("."), value))) for name, value in dotted(given).items()}


def _value(checked: Any, path: Sequence[str], given: Any) -> Any:
    """The checked value at ``path``; the given one where there is no such place (a key with dots of its own)."""
    for part in path:
        if not isinstance(checked, Mapping) or part not in checked:
            return given
        checked = checked[part]
    return given if isinstance(given, Mapping) else checked


def _plain(value: Any) -> Any:
    """``value`` for a variant: whole numbers without ``.0``, no spaces."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, list):
        return str([_plain(item) for item in value]).replace(" ", "")
    return value if isinstance(value, (int, float)) else str(value).replace(" ", "")
