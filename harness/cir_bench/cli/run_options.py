"""The options that `run` and `plan` share, and the request they make together with a ``--config`` file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from cir_bench.cli.common import Settings, with_shared
from cir_bench.config import merge, parse_set, read_yaml
from cir_bench.errors import ConfigError
from cir_bench.params.fill import fill
from cir_bench.runs.request import MAX_SEEDS, RunRequest


class Track(str, Enum):
    """Tracks are never ranked together."""

    CONTROLLED = "controlled"
    PAPER = "paper"


class Precision(str, Enum):
    """Of training and evaluation; scores are compared in float32 always."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


AllMethods = Annotated[bool, typer.Option("--all", help="Every registered method.")]
Methods = Annotated[
    list[str] | None, typer.Option("-m", "--method", metavar="NAME", help="A method; may be given again.")
]
Benchmarks = Annotated[
    list[str] | None,
    typer.Option(
        "-b",
        "--benchmark",
        metavar="NAME",
        help="NAME, NAME/PROTOCOL, NAME/PROTOCOL@VERSION or folder:PATH; may be given again. Default: css, embedded.",
    ),
]
Encoders = Annotated[
    list[str] | None,
    typer.Option(
        "-e",
        "--encoder",
        metavar="NAME",
        help="NAME or NAME:ARGUMENT; may be given again. Default: the benchmark's (paper track: the method's).",
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(min=1, max=MAX_SEEDS, help="How many seeds: 0 … N-1. Default: 1.", show_default=False),
]
TrackOption = Annotated[Track | None, typer.Option(help="Default: controlled.", show_default=False)]
Device = Annotated[str | None, typer.Option(metavar="auto|cpu|cuda[:N]", help="Default: auto.", show_default=False)]
PrecisionOption = Annotated[Precision | None, typer.Option(help="Default: float32.", show_default=False)]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A parameter: training.epochs=5, encoder.image_size=48, dataset.KEY=…, or METHOD.KEY=… for one method.",
    ),
]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="YAML with the same options as keys.")]
Suite = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Several runs in one file: ablations/METHOD of ours, or the path of a YAML file."
    ),
]
Out = Annotated[str | None, typer.Option("--out", metavar="DIR", help="For records and checkpoints. Default: runs.")]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Go on without missing images; every number is marked partial.")
]


@dataclass(frozen=True)
class Given:
    """What the command line said; None or empty where it said nothing."""

    all_methods: bool
    methods: list[str] | None
    benchmarks: list[str] | None
    encoders: list[str] | None
    seeds: int | None
    track: Track | None
    device: str | None
    precision: Precision | None
    assignments: list[str] | None
    config: Path | None
    suite: str | None
    out: str | None
    allow_partial: bool

    def requests(self, settings: Settings) -> list[RunRequest]:
        """What is asked for: the configuration file's values (or every run of a suite), the command line's on top."""
        if self.suite is not None and self.config is not None:
            raise ConfigError("--suite and --config both say what to run; give one of them.")
        values = self._values(settings)
        if self.suite is not None:
            from cir_bench.runs.suite import load_suite

            asked = load_suite(self.suite, values)
        else:
            from_file: dict[str, Any] = read_yaml(self.config) if self.config else {}
            merged = {**from_file, **values}
            merged["settings"] = merge(self._file_settings(from_file), values["settings"])
            asked = [fill(RunRequest, merged, str(self.config) if self.config else "this run")]
        for request in asked:
            self._check(request)
        return asked

    def _file_settings(self, from_file: dict[str, Any]) -> dict[str, Any]:
        settings = from_file.get("settings") or {}
        if not isinstance(settings, dict):
            raise ConfigError(
                f"{self.config}: settings={settings!r:.60} is not allowed; write settings: {{training: {{epochs: 5}}}}."
            )
        return settings

    def _values(self, settings: Settings) -> dict[str, Any]:
        """What the command line gives a value to."""
        from_line = {
            "methods": self.methods,
            "benchmarks": self.benchmarks,
            "encoders": self.encoders,
            "seeds": self.seeds,
            "track": self.track.value if self.track else None,
            "device": self.device,
            "precision": self.precision.value if self.precision else None,
            "out": self.out,
            "data_root": settings.data_root,
            "allow_partial": self.allow_partial or None,
        }
        given = {key: value for key, value in from_line.items() if value is not None}
        return given | {"settings": parse_set(self.assignments or [])}

    def _check(self, request: RunRequest) -> None:
        if self.all_methods and request.methods:
            raise ConfigError("--all runs every method; leave out -m (and `methods` of the configuration file).")
        if not self.all_methods and not request.methods:
            raise ConfigError("name the methods to run with -m NAME, or run them all with --all (see cir-bench ls).")
        if request.data_root is not None and not request.data_root.is_dir():
            raise ConfigError(
                f"--data-root {request.data_root}: there is no such folder; it holds one folder per data set."
            )


def _given(
    *,
    all_methods: AllMethods = False,
    method: Methods = None,
    benchmark: Benchmarks = None,
    encoder: Encoders = None,
    seeds: Seeds = None,
    track: TrackOption = None,
    device: Device = None,
    precision: PrecisionOption = None,
    assignment: Set = None,
    config: Config = None,
    suite: Suite = None,
    out: Out = None,
    allow_partial: AllowPartial = False,
) -> Given:
    return Given(
        all_methods=all_methods,
        methods=method,
        benchmarks=benchmark,
        encoders=encoder,
        seeds=seeds,
        track=track,
        device=device,
        precision=precision,
        assignments=assignment,
        config=config,
        suite=suite,
        out=out,
        allow_partial=allow_partial,
    )


with_given = with_shared(_given)
"""Gives a verb the options of a run, as a `Given`."""
