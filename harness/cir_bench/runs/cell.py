"""`Cell`: method × benchmark@protocol × encoder × seed, with every parameter resolved. Imports no torch."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench.config import dotted
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.levels import Needs, Provides
from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec
from cir_bench.params.models import SAME_NUMBERS, MethodParams, Params, Training
from cir_bench.plugin.needs import Wrapped, needs_together, provides_of
from cir_bench.plugin.registry import Registered
from cir_bench.protocols.find import ChosenBenchmark
from cir_bench.protocols.protocol import Protocol


@dataclass(frozen=True)
class Cell:
    """One unit of planning, running, resuming, failing and reporting.

    Attributes:
        key: what identifies it, for people and for its folder.
        wrapped: the composers that its method is a wrapper of, with their parameters (`MethodSpec.wraps`).
        described: the other data set whose descriptions are trained on, with its parameters (`Needs.side_text_from`).
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
    precision: str
    wrapped: tuple[Wrapped, ...] = ()
    described: tuple[Registered[DatasetSpec], Params] | None = None
    refusal: str = ""

    @property
    def protocol(self) -> Protocol:
        """The protocol it is evaluated under."""
        return self.benchmark.protocol

    @property
    def needs(self) -> Needs:
        """The features its method consumes, and the composers that it wraps."""
        return needs_together(self.method, self.method_params, self.wrapped)

    @property
    def provides(self) -> Provides:
        """The features its encoder gives."""
        return provides_of(self.encoder, self.encoder_params)

    def folder(self, out: Path) -> Path:
        """Where its record and checkpoints lie, below ``out``."""
        key = self.key
        names = (key.benchmark, key.protocol, key.track, key.encoder, method_file_name(key))
        return out.joinpath("cells", *(file_name(name) for name in names), f"seed-{key.seed}")

    def config(self) -> dict[str, Any]:
        """Every resolved parameter, as JSON values."""
        return {
            "method": self.method_params.model_dump(mode="json"),
            "encoder": self.encoder_params.model_dump(mode="json"),
            "dataset": self.dataset_params.model_dump(mode="json"),
        }

    def static_ingredients(self) -> dict[str, str]:
        """What the numbers depend on, as far as it is known without loading anything."""
        config = {
            key: str(value)
            for key, value in dotted(self.config()).items()
            if key.rpartition(".")[2] not in SAME_NUMBERS
        }
        return config | {
            **{f"composer.{composer.name}.version": composer.spec.version for composer, _ in self.wrapped},
            **({"described.version": self.described[0].spec.version} if self.described else {}),
            "method.version": self.method.spec.version,
            "encoder.version": self.encoder.spec.version,
            "dataset.version": self.dataset.spec.version,
            "protocol.hash": self.protocol.hash(),
            "precision": self.precision,
        }

    def stage_settings(self) -> dict[str, Training]:
        """The training settings of the method's stages, by the name of their parameter."""
        return {name: value for name, value in self.method_params if isinstance(value, Training)}

    def trains_encoder(self, training: Training) -> bool:
        """Whether a stage with these settings trains the encoder."""
        if training.encoder == "auto":
            return self.provides.trainable and not self.provides.pretrained
        return training.encoder == "train"


def method_file_name(key: CellKey) -> str:
    """The cell's method, with a digest of what the user changed of it: ``tirg`` or ``tirg+1f0e6a3b``."""
    if not key.variant:
        return key.method
    return f"{key.method}+{hashlib.sha256(key.variant.encode()).hexdigest()[:8]}"


def file_name(name: str) -> str:
    """``name`` as a safe file name: the same text, or a cleaned one with a digest when characters had to go."""
    clean = re.sub(r"[^A-Za-z0-9._@+-]", "-", name).strip(".")
    if clean == name:
        return name
    return f"{clean[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
