"""`Cell`: method × benchmark@protocol × encoder × seed, with every parameter resolved. Imports no torch."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cir_bench.config import dotted
from cir_bench.errors import PluginError
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.levels import Needs, Provides
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.interfaces.specs import ComposerSpec, DatasetSpec, EncoderSpec, LossSpec, MethodSpec
from cir_bench.params.models import MethodParams, Params, Training, numbers_depend_on
from cir_bench.params.precision import Precision
from cir_bench.plugin.needs import Wrapped, needs_together, provides_of, wrapped_composers
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.protocols.artefact import Artefact
from cir_bench.protocols.find import ChosenBenchmark
from cir_bench.protocols.limit import limit_mark
from cir_bench.protocols.protocol import Protocol
from cir_bench.protocols.templates import word_template_of
from cir_bench.records.models import TuningFacts
from cir_bench.runs.weights import WeightsFile


class CellParams(NamedTuple):
    """The checked parameters of a cell's method, encoder and data set."""

    method: Params
    encoder: Params
    dataset: Params


DatasetChoice = tuple[Registered[DatasetSpec], Params]
"""A data set and its parameters."""


@dataclass(frozen=True)
class Cell:
    """One unit of planning, running, resuming, failing and reporting.

    Attributes:
        key: identifies it, for people and for its folder.
        wrapped: the composers that its method wraps, with their parameters (`MethodSpec.wraps`).
        described: the other data set that is trained on, with its parameters: descriptions (`Needs.side_text_from`), or
            images or texts alone (`Needs.corpus`).
        library: every composer and loss that its method may ask for by name.
        refusal: why it cannot run at all (method and encoder do not fit); empty when it can.
    """

    key: CellKey
    benchmark: ChosenBenchmark
    dataset: Registered[DatasetSpec]
    dataset_params: Params
    encoder: Registered[EncoderSpec]
    encoder_params: Params
    method: Registered[MethodSpec]
    method_params: MethodParams
    precision: Precision
    wrapped: tuple[Wrapped, ...] = ()
    described: DatasetChoice | None = None
    library: tuple[Registered[Any], ...] = field(default=(), repr=False, compare=False)
    refusal: str = ""
    tuned: TuningFacts | None = None
    """The tuning that chose parameters of its method."""
    weights: WeightsFile | None = None
    """The published weights of its method, which is not trained."""
    artefact: Artefact | None = None
    """The texts that its method reads in place of the modification texts (`Needs.text_from`)."""
    limit: int | None = None
    """How many queries are asked, for a quick look (`cir_bench.protocols.limit`); None: all."""

    @property
    def protocol(self) -> Protocol:
        """The protocol it is evaluated under."""
        return self.benchmark.protocol

    @cached_property
    def protocol_hash(self) -> str:
        """The hash of its protocol."""
        return self.protocol.hash()

    @property
    def datasets(self) -> tuple[DatasetChoice, ...]:
        """Its own data set, and the other one that it is trained on, if any."""
        own = self.dataset, self.dataset_params
        return (own,) if self.described is None else (own, self.described)

    @property
    def borrowed_as(self) -> str:
        """What the ingredients of the other data set begin with."""
        return "corpus" if self.needs.corpus else "described"

    @cached_property
    def needs(self) -> Needs:
        """The features that its method reads, together with the composers that it wraps."""
        return needs_together(self.method, self.method_params, self.wrapped)

    @property
    def sentence(self) -> str:
        """What the texts of its queries are put into ; a method of pseudo-words reads them in a template."""
        found = word_template_of(self.protocol.templates, self.needs)
        return self.protocol.templates.text if found is None else found.sentence

    @cached_property
    def provides(self) -> Provides:
        """The features that its encoder gives."""
        return provides_of(self.encoder, self.encoder_params)

    def folder(self, out: Path) -> Path:
        """Where its record and checkpoints are, below ``out``."""
        key = self.key
        names = (key.benchmark, key.protocol, key.track, key.encoder, method_file_name(key))
        return out.joinpath("cells", *(file_name(name) for name in names), f"seed-{key.seed}")

    def config(self) -> dict[str, Any]:
        """Every resolved parameter, as JSON values."""
        return {name: params.model_dump(mode="json") for name, params in self._params().items()}

    def static_ingredients(self) -> dict[str, str]:
        """The part of `ingredients` that is known without loading anything."""
        config = {name: numbers_depend_on(params) for name, params in self._params().items()}
        if not self.needs.features:
            del config["encoder"]
        for name in (*self.stage_settings(), "selection") if self.weights else ():
            del config["method"][name]
        encoder = {"encoder.version": self.encoder.spec.version} if self.needs.features else {}
        return {key: str(value) for key, value in dotted(config).items()} | {
            **{f"composer.{composer.name}.version": composer.spec.version for composer, _ in self.wrapped},
            **({f"{self.borrowed_as}.version": self.described[0].spec.version} if self.described else {}),
            "method.version": self.method.spec.version,
            **encoder,
            "dataset.version": self.dataset.spec.version,
            "protocol.hash": self.protocol_hash,
            "precision": self.precision,
            **({"tuning": self.tuned.digest} if self.tuned else {}),
            **({"weights": self.weights.digest} if self.weights else {}),
            **({f"artefact.{self.artefact.name}": self.artefact.digest} if self.artefact else {}),
            **({"limit": limit_mark(self.limit)} if self.limit else {}),
        }

    def _params(self) -> dict[str, Params]:
        return {"method": self.method_params, "encoder": self.encoder_params, "dataset": self.dataset_params}

    def stage_settings(self) -> dict[str, Training]:
        """The training settings of the method's stages, by the name of their parameter."""
        return {name: value for name, value in self.method_params if isinstance(value, Training)}

    def trains_encoder(self, training: Training) -> bool:
        """Whether a stage with these settings trains the encoder, if the method reads anything of it."""
        if not self.needs.features:
            return False
        if training.encoder == "auto":
            return self.provides.trainable and not self.provides.pretrained
        return training.encoder == "train"

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(training.epochs for training in self.stage_settings().values())

    @property
    def trains(self) -> bool:
        """Whether its method or its encoder is trained for at least one epoch."""
        return self.has_trained_encoder or (self.method.spec.learns and self.epochs > 0)

    @property
    def reads_triplets(self) -> bool:
        """Whether it is trained on triplets."""
        return self.trains and self.needs.triplets

    @property
    def has_trained_encoder(self) -> bool:
        """Whether any stage trains the encoder for at least one epoch."""
        return any(self.trains_encoder(one) and one.epochs > 0 for one in self.stage_settings().values())


def make_cell(
    registry: Registry, key: CellKey, benchmark: ChosenBenchmark, params: CellParams, precision: Precision
) -> Cell:
    """The cell of a key, with what its names stand for; refused when a plugin cannot say what its method needs."""
    assert isinstance(params.method, MethodParams)
    method = registry.method(key.method)
    wrapped: tuple[Wrapped, ...] = ()
    needs, refusal = Needs(), ""
    try:
        wrapped = wrapped_composers(registry, method, params.method)
        needs = needs_together(method, params.method, wrapped)
    except PluginError as error:
        refusal = str(error)
    return Cell(
        key=key,
        benchmark=benchmark,
        dataset=registry.dataset(benchmark.benchmark.dataset),
        dataset_params=params.dataset,
        encoder=registry.encoder(split_argument(key.encoder)[0]),
        encoder_params=params.encoder,
        method=method,
        method_params=params.method,
        precision=precision,
        wrapped=wrapped,
        described=_described(registry, needs.corpus or needs.side_text_from),
        library=(*registry.all(ComposerSpec).values(), *registry.all(LossSpec).values()),
        refusal=refusal,
    )


def _described(registry: Registry, name: str | None) -> DatasetChoice | None:
    """The data set ``NAME`` or ``NAME:ARGUMENT`` with its parameters."""
    if name is None:
        return None
    base, argument = split_argument(name)
    dataset = registry.dataset(base)
    return dataset, make_params(dataset.spec, {}, argument)


def method_file_name(key: CellKey) -> str:
    """The cell's method, with a digest of its variant: ``tirg`` or ``tirg+1f0e6a3b``."""
    if not key.variant:
        return key.method
    return f"{key.method}+{hashlib.sha256(key.variant.encode()).hexdigest()[:8]}"


def file_name(name: str) -> str:
    """``name`` as a safe file name: unchanged, or cleaned and with a digest."""
    clean = re.sub(r"[^A-Za-z0-9._@+-]", "-", name).strip(".")
    if clean == name:
        return name
    return f"{clean[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
