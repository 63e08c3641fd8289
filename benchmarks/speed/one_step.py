"""One training step of a stage of a method's paper recipe, on random weights and data, by the harness's own trainer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from noise import Drawn, Noise

from cir_bench import (
    CellKey,
    Context,
    Encoder,
    EpochFinished,
    FinetuneParams,
    ImageRef,
    MethodParams,
    Needs,
    Selection,
    TrainCorpus,
    WorkProgress,
)
from cir_bench.config import merge
from cir_bench.features.cache import FeatureCache
from cir_bench.features.live import LiveSource
from cir_bench.features.request import FeatureRequest
from cir_bench.features.source import MAIN, CachedSource, FeatureSource, Tables
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.plugin.build import build_method
from cir_bench.plugin.loader import load_plugins
from cir_bench.plugin.needs import needs_together, wrapped_composers
from cir_bench.plugin.registry import Registry, create
from cir_bench.runs.device import peak_mib, reset_peak
from cir_bench.training.batches import TrainSet
from cir_bench.training.checkpoints import Checkpoints
from cir_bench.training.parts import Computation, Selector, Trainee, TrainExamples
from cir_bench.training.trainer import Trainer

CELL = CellKey(method="step", benchmark="noise", protocol="none@1", encoder="random", track="paper", seed=0)


@dataclass(frozen=True)
class Workload:
    """One stage of a method's paper recipe.

    Attributes:
        method: the method.
        stage: the parameter that holds the stage's settings.
        what: the sizes, in words.
        cpu_batch: the batch on a CPU.
        settings: of the stage, on top of the recipe.
        params: of the method, on top of the recipe.
        encoder_params: of the encoder, on top of the recipe.
    """

    method: str
    stage: str
    what: str
    cpu_batch: int = 2
    settings: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    encoder_params: Mapping[str, Any] = field(default_factory=dict)


WORKLOADS = {
    "val": Workload("val", "training", "ResNet-50 at 256 px, LSTM"),
    "clvcnet": Workload("clvcnet", "training", "two ResNet-50 at 224 px with 14×14 maps, two LSTMs"),
    "tgcir": Workload("tgcir", "training", "CLIP ViT-B/16"),
    "sadn-finetune": Workload("sadn", "finetune", "CLIP RN50x4", settings={"gradient_checkpointing": True}),
    "sadn": Workload("sadn", "training", "cached features", cpu_batch=2048),
}


@dataclass(frozen=True)
class Measured:
    """What came out."""

    workload: str
    what: str
    device: str
    precision: str
    batch: int
    paper_batch: int
    gradient_checkpointing: bool
    steps: int
    seconds: float
    """Median of a step."""
    images_per_second: float
    peak_mib: float
    error: str = ""


class _EnoughError(Exception):
    """Ends the training before the epoch's checkpoint is written."""


class Watch:
    """Takes the time of each step; it hears of every batch."""

    def __init__(self, device: torch.device, steps: int) -> None:
        self._device, self._steps = device, steps
        self.times: list[float] = []
        self.peak = 0.0

    def __call__(self, event: WorkProgress | EpochFinished) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.times.append(time.perf_counter())
        if len(self.times) > self._steps:
            self.peak = peak_mib(self._device)
            raise _EnoughError


@dataclass(frozen=True)
class OneSource:
    """One source for the one stage."""

    source: FeatureSource

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> FeatureSource:
        return self.source


def method_params(registry: Registry, load: Workload, batch: int | None, checkpointing: bool | None) -> MethodParams:
    """The paper's recipe for FashionIQ with the one stage for one epoch; ``batch`` None: the recipe's."""
    spec = registry.method(load.method).spec
    recipe = merge(spec.recipes.get("*", {}), spec.recipes.get("fashioniq", {}), load.params)
    stage = merge(recipe[load.stage], load.settings, {"epochs": 1})
    if batch is not None:
        stage["batch_size"] = batch
        if "neighbours" in recipe:
            recipe["neighbours"] = min(recipe["neighbours"], batch)
    if checkpointing is not None:
        stage["gradient_checkpointing"] = checkpointing
    params = make_params(spec, merge(recipe, {load.stage: stage}))
    if load.stage == "finetune":
        return params.model_copy(update={"training": params.training.model_copy(update={"epochs": 0})})
    return params.model_copy(update={"finetune": None}) if isinstance(params, FinetuneParams) else params


def make_encoder(registry: Registry, load: Workload, context: Context) -> Encoder:
    """The paper's encoder with random weights and without augmentation."""
    spec = registry.method(load.method).spec
    name, argument = split_argument(spec.paper_encoder)
    recipe = merge(spec.encoder_recipes.get("*", {}), load.encoder_params)
    if name == "cnn-lstm":
        values = merge({"backbone": argument} if argument else {}, recipe, {"pretrained": False})
        values |= {"flip": False, "crop": 1.0}
    else:
        assert argument is not None
        model, _, tag = argument.partition(":")
        values = {"model": model, "quick_gelu": tag == "openai", **recipe}
        if "checkpoint" not in values:
            import open_clip

            values["checkpoint"] = context.cache_dir / "random.pt"
            torch.save(open_clip.create_model(model).state_dict(), values["checkpoint"])
    registered = registry.encoder(name)
    encoder: Encoder = create(registered, make_params(registered.spec, values), context)
    return encoder


def measure(
    name: str,
    load: Workload,
    *,
    batch: int | None,
    device: torch.device,
    precision: str,
    steps: int,
    warmup: int,
    gradient_checkpointing: bool | None = None,
) -> Measured:
    """Train ``warmup + steps`` batches and take the time of the last ``steps``."""
    registry = load_plugins(environ={})
    params = method_params(registry, load, batch, gradient_checkpointing)
    training = getattr(params, load.stage)
    registered = registry.method(load.method)
    needs = needs_together(registered, params, wrapped_composers(registry, registered, params))
    cached = training.encoder == "frozen"
    with tempfile.TemporaryDirectory() as folder:
        context = Context(data_root=None, cache_dir=Path(folder), dataset="noise", seed=0)
        torch.manual_seed(0)
        first = Drawn() if cached else make_encoder(registry, load, context)
        data = Noise(training.batch_size, (warmup + steps) * training.batch_size)
        triplets = data.train()
        train = TrainSet(triplets, [triplet.captions for triplet in triplets])
        method = build_method(registered, params, registry, first.shape).to(device)
        branches = () if cached else tuple(method.branches) or (MAIN,)
        encoders = {b: first if b == branches[0] else make_encoder(registry, load, context) for b in branches}
        noise = data, train, needs, device
        source: FeatureSource = _live(encoders, *noise) if encoders else _cached(first, Path(folder), *noise)
        watch = Watch(device, warmup + steps)
        trainer = Trainer(
            Trainee(method, encoders, lambda training: not cached),
            TrainExamples(lambda epoch: train, lambda: train),
            OneSource(source),
            Selector(Selection(on="last"), score=None),
            Checkpoints(Path(folder) / "checkpoints", "none"),
            Computation(CELL, device, precision, watch),
        )
        reset_peak(device)
        with suppress(_EnoughError):
            trainer.run()
    seconds = median(np.diff(watch.times)[warmup:].tolist())
    return Measured(
        workload=name,
        what=load.what,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        precision=precision,
        batch=training.batch_size,
        paper_batch=getattr(method_params(registry, load, None, None), load.stage).batch_size,
        gradient_checkpointing=training.gradient_checkpointing,
        steps=steps,
        seconds=seconds,
        images_per_second=2 * training.batch_size / seconds,
        peak_mib=watch.peak,
    )


def _live(encoders: dict[str, Encoder], data: Noise, train: TrainSet, needs: Needs, device: torch.device) -> LiveSource:
    """Features of encoders that are trained, which are fitted to the texts."""
    for encoder in encoders.values():
        encoder.fit(TrainCorpus(sorted({text for texts in train.texts for text in texts})))
        encoder.to(device)
    return LiveSource(encoders, lambda i: ImageRef("noise", data, i), needs.image, needs.text)


def _cached(
    drawn: Encoder, folder: Path, data: Noise, train: TrainSet, needs: Needs, device: torch.device
) -> CachedSource:
    """Features of all images and texts, through a fresh cache, as a frozen encoder's are."""
    cache, scope = FeatureCache(folder / "features"), ("noise", "train")
    names = sorted({name for triplet in train.triplets for name in (triplet.reference, triplet.target)})
    texts = sorted({text for texts in train.texts for text in texts})
    refs = [ImageRef("noise", data, name) for name in names]
    images = cache.table(FeatureRequest.of_images("drawn", drawn, refs, needs, scope))
    words = cache.table(FeatureRequest.of_texts("drawn", drawn, texts, needs, scope))
    for table in (images, words):
        table.preload(device)
    return CachedSource({MAIN: Tables(images, words)}, device)
