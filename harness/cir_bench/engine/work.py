"""The process of a job: ``python -m cir_bench.engine.work FOLDER``, which `cir_bench.engine.perform` starts."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from cir_bench.atomic import replacing
from cir_bench.engine.messages import MessageWriter
from cir_bench.engine.request import MESSAGES_FILE, OUT, REQUEST_FILE, JobRequest
from cir_bench.engine.results import result_path
from cir_bench.engine.same import difference, known_of, versions
from cir_bench.errors import CirBenchError
from cir_bench.interfaces.events import CellFinished, CellStarted, EpochFinished, Event, WorkProgress
from cir_bench.interrupts import INTERRUPTED
from cir_bench.plugin.events import new_manager
from cir_bench.plugin.hookspecs import hookimpl
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry
from cir_bench.ranks.group import Ranks
from cir_bench.ranks.join import joined, local_number
from cir_bench.runs.cell import Cell
from cir_bench.runs.resolve import resolve_all
from cir_bench.runs.workbench import Workbench


class _Listener:
    """The only plugin that hears of the run: what it hears, the driver announces to all plugins there."""

    def __init__(self, messages: MessageWriter) -> None:
        self._messages = messages

    @hookimpl
    def cir_bench_cell_started(self, event: CellStarted) -> None:
        self._messages.event(event)

    @hookimpl
    def cir_bench_progress(self, event: WorkProgress) -> None:
        self._messages.event(event)

    @hookimpl
    def cir_bench_epoch_finished(self, event: EpochFinished) -> None:
        self._messages.event(event)

    @hookimpl
    def cir_bench_cell_finished(self, event: CellFinished) -> None:
        self._messages.event(event)


class _RefusedError(CirBenchError):
    """This machine cannot do the job as the one that asks would."""


def main() -> int:
    """Do the job of the folder that is named on the command line; 0 if everything there is to say has been said."""
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    folder = Path(sys.argv[1]).absolute()
    request = JobRequest.model_validate_json((folder / REQUEST_FILE).read_text(encoding="utf-8"))
    messages = MessageWriter(folder / MESSAGES_FILE)
    if request.from_folder:
        os.chdir(request.from_folder)
    with joined() as ranks:
        try:
            work = _Work(request, messages, ranks, folder)
            {"cell": work.cell, "features": work.features, "trial": work.trial}[request.task]()
        except KeyboardInterrupt:  # the driver cancels
            return INTERRUPTED
        except CirBenchError as error:
            if ranks.first:
                messages.refused(f"worker {socket.gethostname()}: {error}".rstrip("."))
        if ranks.first:
            messages.done()
    return 0


class _Work:
    def __init__(self, request: JobRequest, messages: MessageWriter, ranks: Ranks, folder: Path) -> None:
        import torch  # noqa: F401 (before the plugins, so that a changed number of threads is noticed)

        from cir_bench.runs.device import choose_device

        self._registry = _registry(request)
        self._cells = _cells(request, self._registry)
        if ranks.first:
            self._registry.hooks.register(_Listener(messages), "the driver")
        first = request.requests[0]
        device = "cuda" if request.gpus and first.device == "auto" else first.device
        self._say, self._request, self._folder = messages.event, request, folder
        self._out = first.out if request.shared else folder / OUT
        self._bench = Workbench(
            _data_root(first.data_root),
            Path(request.cache_dir),
            choose_device(device, local_number() if ranks.size > 1 else None, first.precision),
            allow_partial=first.allow_partial,
            workers=request.workers,
            follow_links=request.follow_links,
            evaluates=not request.tunes,
            decode_jpeg=first.decode_jpeg,
            ranks=ranks,
        )

    def cell(self) -> None:
        """Run the cell. The driver has decided that it runs, even if it failed before."""
        from cir_bench.runs.schedule import run_cells

        run_cells(self._cells, self._bench, self._registry, self._out, retry_failed=True)

    def features(self) -> None:
        """Extract what the cells read of their frozen encoders, each item once."""
        bench = self._bench
        bench.lifetimes.plan(self._cells)

        def announce(event: Event) -> None:
            if bench.ranks.first:
                self._say(event)

        for cell in self._cells:
            if not self._request.tunes:
                bench.tables.source(cell, bench.data.evaluation_items(cell), announce)
            if cell.method.spec.learns and cell.epochs and cell.weights is None:
                bench.tables.source(cell, bench.data.train_items(cell), announce)
            bench.lifetimes.finish(cell)

    def trial(self) -> None:
        """Train the cell with the values of a trial, and leave its outcome for the driver."""
        from cir_bench.runs.tuning import run_trial

        (cell,), trial = self._cells, self._request.trial
        assert trial is not None
        outcome = run_trial(cell, self._bench, self._registry, self._folder / "trial", trial.values, trial.seen)
        if self._bench.ranks.first:
            path = result_path(self._out, cell, trial.index)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_text(outcome.model_dump_json(), encoding="utf-8")


def _registry(request: JobRequest) -> Registry:
    """The plugins of the job, of which none hears of the run."""
    if found := difference(request.versions, versions()):
        raise _RefusedError(f"{found}; install the same there.")
    options = PluginOptions(
        files=tuple(map(Path, request.plugin_files)),
        third_party=request.third_party,
        only=None if request.only is None else frozenset(request.only),
        without=frozenset(request.without),
    )
    registry = load_plugins(options)
    registry.hooks = new_manager()
    return registry


def _cells(request: JobRequest, registry: Registry) -> Sequence[Cell]:
    by_key = {(cell.key, cell.precision): cell for cell in resolve_all(request.requests, registry)}
    cells = []
    for key, asked in zip(request.cells, request.ingredients, strict=True):
        cell = by_key.get((key, request.precision))
        if cell is None:
            raise _RefusedError(
                f"{key.name} is not among the cells there; install the same plugins, and name data by whole paths."
            )
        if found := difference(asked, known_of(cell)):
            raise _RefusedError(f"{found}; install the same there.")
        cells.append(cell)
    return cells


def _data_root(path: Path | None) -> Path | None:
    """The folder of the data sets here: the one that was named, or else that of this machine's CIR_BENCH_DATA."""
    here = os.environ.get("CIR_BENCH_DATA")
    return Path(here) if here and (path is None or not path.is_dir()) else path


def _end_with_parent() -> None:
    """Wait until the process that started this one is gone, then end as a kill would."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
