"""The options that `run` and `plan` share, and what they make of them together with a ``--config`` file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cir_bench.cli.common import Settings, check_data_root, open_registry, with_shared
from cir_bench.cli.hints import refuse_lists
from cir_bench.cli.output import refuse_stdout
from cir_bench.config import merge, parse_set, read_yaml
from cir_bench.errors import ConfigError
from cir_bench.params.fill import fill
from cir_bench.params.precision import PRECISIONS
from cir_bench.runs.request import MAX_SEEDS, RunRequest

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.ranks.group import Ranks
    from cir_bench.runs.cell import Cell
    from cir_bench.runs.workbench import Workbench

Names = list[str] | None


@dataclass(frozen=True)
class RunSetup:
    """What `run` and `plan` start from."""

    registry: Registry
    cells: list[Cell]
    bench: Workbench
    out: Path
    left_out: list[str]
    """What the options leave out, in sentences (`cir_bench.runs.resolve.left_out`)."""
    requests: list[RunRequest]


@dataclass(frozen=True)
class ResolvedRun:
    """The cells of a run; its requests agree in the settings of the whole run."""

    registry: Registry
    cells: list[Cell]
    requests: list[RunRequest]
    left_out: list[str]

    @property
    def request(self) -> RunRequest:
        """The first of them."""
        return self.requests[0]

    def workbench(
        self,
        settings: Settings,
        workers: int = 0,
        *,
        evaluates: bool = True,
        ranks: Ranks | None = None,
        device: str | None = None,
    ) -> Workbench:
        """What the cells share, on ``device`` instead of the run's; refuses one that is not there; imports torch."""
        from cir_bench.ranks.group import ALONE
        from cir_bench.ranks.join import local_number
        from cir_bench.runs.device import choose_device
        from cir_bench.runs.workbench import Workbench

        return Workbench(
            self.request.data_root,
            settings.cache_dir,
            choose_device(device or self.request.device, local_number() if ranks else None, self.request.precision),
            allow_partial=self.request.allow_partial,
            workers=workers,
            follow_links=settings.follow_links,
            evaluates=evaluates,
            ranks=ranks or ALONE,
        )


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

    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="A quick look: ask N queries of each benchmark, against small galleries; marked, and never ranked.",
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

    def open(
        self,
        settings: Settings,
        workers: int = 0,
        *,
        evaluates: bool = True,
        ranks: Ranks | None = None,
        device: str | None = None,
    ) -> RunSetup:
        """Load the plugins, resolve the cells and prepare what they share.

        ``ranks`` compute each cell together; ``device`` takes the place of the run's.
        """
        import torch  # noqa: F401 (before the plugins, so that a changed number of threads is noticed)

        found = self.resolve(settings)
        bench = found.workbench(settings, workers, evaluates=evaluates, ranks=ranks, device=device)
        return RunSetup(found.registry, found.cells, bench, found.request.out, found.left_out, found.requests)

    def resolve(self, settings: Settings) -> ResolvedRun:
        """Load the plugins and resolve the cells, without torch."""
        registry = open_registry(settings, config=self.config)
        requests = self.requests(settings)
        from cir_bench.runs.resolve import left_out, resolve_all

        cells = resolve_all(requests, registry)
        return ResolvedRun(registry, cells, requests, left_out(requests, cells, registry))

    def requests(self, settings: Settings) -> list[RunRequest]:
        """The request of the configuration file, or of every run of a suite, with the command line's values on top."""
        if self.suite is not None and self.config is not None:
            raise ConfigError("--suite and --config both say what to run; give only one of them.")
        values = self._values(settings)
        if self.suite is not None:
            from cir_bench.runs.suite import load_suite

            requests = load_suite(self.suite, values)
        else:
            from_file: dict[str, Any] = read_yaml(self.config) if self.config else {}
            merged = {**from_file, **values}
            merged["settings"] = merge(self._file_settings(from_file), values["settings"])
            requests = [fill(RunRequest, merged, str(self.config) if self.config else "this run")]
        for request in requests:
            self._check(request)
        return requests

    def _file_settings(self, from_file: dict[str, Any]) -> dict[str, Any]:
        settings = from_file.get("settings") or {}
        if not isinstance(settings, dict):
            raise ConfigError(
                f"{self.config}: settings={settings!r:.60} is not allowed; write settings: {{training: {{epochs: 5}}}}."
            )
        return settings

    def _values(self, settings: Settings) -> dict[str, Any]:
        """The keys of a request that the command line mentions."""
        plain = ("methods", "benchmarks", "encoders", "seeds", "track", "device", "precision", "out", "limit")
        names = (*plain, "tuned", "weights", "artefacts")
        values = {name: getattr(self, name) for name in names}
        values |= {"data_root": settings.data_root, "allow_partial": self.allow_partial or None}
        for option, given in (("-m", self.methods), ("-b", self.benchmarks), ("-e", self.encoders)):
            refuse_lists(option, given or ())
        mentioned = {key: value for key, value in values.items() if value is not None}
        return mentioned | {"settings": parse_set(self.assignments or [])}

    def _check(self, request: RunRequest) -> None:
        if self.all_methods and request.methods:
            raise ConfigError("--all runs every method; leave out -m (and `methods` in the configuration file).")
        if not self.all_methods and not request.methods:
            raise ConfigError("name the methods to run with -m NAME, or run all of them with --all (see cir-bench ls).")
        refuse_stdout("--out", request.out)
        check_data_root(request.data_root)


with_run_options = with_shared(RunOptions)
"""Gives a verb the options of a run, as `RunOptions`."""
