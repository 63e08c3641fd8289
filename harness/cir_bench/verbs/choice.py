"""`RunChoice`: what to run, from options, a configuration file or a suite; resolved to cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cir_bench.config import merge, read_yaml
from cir_bench.errors import ConfigError
from cir_bench.params.fill import fill
from cir_bench.runs.request import RunRequest
from cir_bench.verbs.settings import Settings, check_data_root, refuse_stdout

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.ranks.group import Ranks
    from cir_bench.runs.cell import Cell
    from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class RunSetup:
    """What a run starts from."""

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
            decode_jpeg=self.request.decode_jpeg,
            ranks=ranks or ALONE,
        )

    def setup(self, bench: Workbench) -> RunSetup:
        """With what the cells share."""
        return RunSetup(self.registry, self.cells, bench, self.request.out, self.left_out, self.requests)


@dataclass(frozen=True)
class RunChoice:
    """What to run: the keys of a request that are ``mentioned``, on top of a file's or a suite's."""

    mentioned: Mapping[str, Any] = field(default_factory=dict)
    config: Path | None = None
    suite: str | None = None
    all_methods: bool = False

    def resolve(self, registry: Registry) -> ResolvedRun:
        """The cells, without torch."""
        requests = self.requests()
        from cir_bench.runs.resolve import left_out, resolve_all

        cells = resolve_all(requests, registry)
        return ResolvedRun(registry, cells, requests, left_out(requests, cells, registry))

    def requests(self) -> list[RunRequest]:
        """The request of the configuration file, or of every run of a suite, with what is mentioned on top."""
        if self.suite is not None and self.config is not None:
            raise ConfigError("--suite and --config both say what to run; give only one of them.")
        if self.suite is not None:
            from cir_bench.runs.suite import load_suite

            requests = load_suite(self.suite, self.mentioned)
        else:
            from_file: dict[str, Any] = read_yaml(self.config) if self.config else {}
            merged = {**from_file, **self.mentioned}
            merged["settings"] = merge(self._file_settings(from_file), self.mentioned.get("settings", {}))
            requests = [fill(RunRequest, merged, str(self.config) if self.config else "this run")]
        for request in requests:
            self._check(request)
        return requests

    def _file_settings(self, from_file: Mapping[str, Any]) -> dict[str, Any]:
        settings = from_file.get("settings") or {}
        if not isinstance(settings, dict):
            raise ConfigError(
                f"{self.config}: settings={settings!r:.60} is not allowed; write settings: {{training: {{epochs: 5}}}}."
            )
        return settings

    def _check(self, request: RunRequest) -> None:
        if self.all_methods and request.methods:
            raise ConfigError("--all runs every method; leave out -m (and `methods` in the configuration file).")
        if not self.all_methods and not request.methods:
            raise ConfigError("name the methods to run with -m NAME, or run all of them with --all (see cir-bench ls).")
        refuse_stdout("--out", request.out)
        check_data_root(request.data_root)
