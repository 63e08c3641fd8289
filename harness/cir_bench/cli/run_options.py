"""The options that `run`, `plan` and `tune` share, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.common import open_registry, with_shared
from cir_bench.cli.hints import refuse_lists
from cir_bench.config import parse_set
from cir_bench.params.precision import PRECISIONS
from cir_bench.runs.request import MAX_SEEDS
from cir_bench.verbs.choice import ResolvedRun, RunChoice
from cir_bench.verbs.settings import Settings

Names = list[str] | None


@dataclass(frozen=True)
class RunOptions:
    """What the command line says; None or empty for whatever it does not mention."""

    all_methods: Annotated[bool, typer.Option("--all", help="Every registered method.")] = False
    methods: Annotated[Names, typer.Option("-m", "--method", metavar="NAME", help="A method; may be repeated.")] = None
    benchmarks: Annotated[
        Names,
        typer.Option(
            *("-b", "--benchmark"),
            metavar="NAME",
            help="NAME, NAME/PROTOCOL, NAME/PROTOCOL@VERSION or folder:PATH; may be repeated. Default: css, embedded.",
        ),
    ] = None
    encoders: Annotated[
        Names,
        typer.Option(
            *("-e", "--encoder"),
            metavar="NAME",
            help="NAME or NAME:ARGUMENT; may be repeated. Default: the benchmark's (paper track: the method's).",
        ),
    ] = None
    seeds: Annotated[int | None, typer.Option(min=1, max=MAX_SEEDS, help="Seeds 0 … N-1. Default: 1.")] = None
    track: Annotated[str | None, typer.Option(metavar="controlled|paper", help="Default: controlled.")] = None
    device: Annotated[str | None, typer.Option(metavar="auto|cpu|cuda[:N]|mps", help="Default: auto.")] = None
    precision: Annotated[
        str | None, typer.Option(metavar="|".join(PRECISIONS), help="Of training and ranking. Default: float32.")
    ] = None
    assignments: Annotated[
        Names,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter: training.epochs=5, encoder.image_size=48, dataset.KEY=… or METHOD.KEY=… for one method.",
        ),
    ] = None
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="YAML with the same options as keys.")] = None
    suite: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Several runs: a built-in suite such as ablations/METHOD, or a YAML file."),
    ] = None
    out: Annotated[str | None, typer.Option(metavar="DIR", help="For records and checkpoints. Default: runs.")] = None
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Leave out missing images; every number is marked partial.")
    ] = False

    decode_jpeg: Annotated[
        str | None,
        typer.Option(
            metavar="pillow|device",
            help="What decodes JPEG files for frozen encoders: Pillow (the default), or the device, if features agree.",
        ),
    ] = None

    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="A quick look: N queries of each benchmark, small galleries, little training; marked, never ranked.",
        ),
    ] = None

    tuned: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Use the choices of `cir-bench tune` below DIR (or one tuning.json)."),
    ] = None

    weights: Annotated[
        Names,
        typer.Option(
            metavar="FILE",
            help="Evaluate weights that a method's authors published, without training: FILE, or METHOD=FILE; may be "
            "repeated.",
        ),
    ] = None

    artefacts: Annotated[
        Names,
        typer.Option(
            "--artefact",
            metavar="NAME=FILE",
            help="Texts made elsewhere that a method reads, such as target-text=FILE for cirevl; may be repeated.",
        ),
    ] = None

    def resolve(self, settings: Settings) -> ResolvedRun:
        """Load the plugins and resolve the cells, without torch."""
        return self.choice(settings).resolve(open_registry(settings, config=self.config))

    def choice(self, settings: Settings) -> RunChoice:
        """What to run."""
        plain = ("methods", "benchmarks", "encoders", "seeds", "track", "device", "precision", "out", "limit")
        names = (*plain, "tuned", "weights", "artefacts", "decode_jpeg")
        values = {name: getattr(self, name) for name in names}
        values |= {"data_root": settings.data_root, "allow_partial": self.allow_partial or None}
        for option, given in (("-m", self.methods), ("-b", self.benchmarks), ("-e", self.encoders)):
            refuse_lists(option, given or ())
        mentioned = {key: value for key, value in values.items() if value is not None}
        mentioned["settings"] = parse_set(self.assignments or [])
        return RunChoice(mentioned, self.config, self.suite, self.all_methods)


with_run_options = with_shared(RunOptions)
"""Gives a verb the options of a run, as `RunOptions`."""
