"""`ExecutorContract`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from cir_bench.engine.drive import run_on
from cir_bench.engine.pack import Packer
from cir_bench.engine.setup import EngineSetup
from cir_bench.interfaces.executor import Executor, ExecutorContext, Job, JobEnded, Message
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import ExecutorSpec
from cir_bench.plugin.loader import PluginOptions
from cir_bench.plugin.registry import create
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.cell import Cell
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.schedule import run_cells
from cir_bench.runs.workbench import Workbench
from cir_bench.testing import generated
from cir_bench.testing.base import Contract

METHODS = ("sum", "text-only")
OF_THE_MACHINE = {"cost", "environment", "finished", "content_sha256"}
"""Fields of a record that are about times and the machine."""


def comparable(record: RunRecord) -> dict[str, Any]:
    """A record without times and machine."""
    found = record.model_dump(mode="json", exclude=OF_THE_MACHINE)
    for epoch in found["history"]:
        for name in ("seconds", "images_per_second"):
            epoch.pop(name, None)
    return found


class ExecutorContract(Contract):
    """The contract of an executor: set ``name``. Cells of a small generated benchmark are run on it."""

    max_seconds: ClassVar[float] = 120.0
    """Limit of each wait for a job to end."""
    _own_files: ClassVar[tuple[Path, ...]] = (generated.FILE,)

    @contextmanager
    def executor(self, out: Path) -> Iterator[Executor]:
        """The executor under test; override it where it needs a cluster."""
        registered = self.find(ExecutorSpec)
        made: Executor = create(registered, make_params(registered.spec, self.parameters()), ExecutorContext(out))
        try:
            yield made
        finally:
            made.close()

    def test_records_are_those_of_this_process(self, tmp_path: Path) -> None:
        """The same but for times and machine."""
        here, there = tmp_path / "here", tmp_path / "there"
        setup, cells = self.setup(here)
        run_cells(cells, setup.bench, self.registry(), here)
        setup, cells = self.setup(there)
        with self.executor(there) as executor:
            finished = run_on(executor, cells, setup)
        assert [event.outcome for event in finished] == ["done"] * len(cells), [event.reason for event in finished]
        for cell in cells:
            ours, theirs = (read_record(cell.folder(out) / RECORD_FILE) for out in (here, there))
            assert comparable(theirs) == comparable(ours), f"{cell.key.name}: another record"

    def test_a_worker_with_other_versions_refuses(self, tmp_path: Path) -> None:
        """Nothing is computed with another version of cir-bench or torch."""
        end = self.end_of(tmp_path, changed=('"torch":"', '"torch":"0.'))
        assert end.outcome == "refused", f"it ended as {end.outcome!r}"
        assert "torch" in end.reason, f"the reason does not name torch: {end.reason!r}"

    def test_a_worker_that_dies_is_lost(self, tmp_path: Path) -> None:
        """A job whose process ends without a word is reported."""
        plugin = tmp_path / "dies.py"
        plugin.write_text("import os\n\nos._exit(3)\n", encoding="utf-8")
        end = self.end_of(tmp_path, plugin)
        assert end.outcome == "lost", f"it ended as {end.outcome!r}"
        assert end.reason, "it does not say how"

    def test_a_cancelled_job_ends(self, tmp_path: Path) -> None:
        """Soon, and as cancelled."""
        plugin = tmp_path / "sleeps.py"
        plugin.write_text("import time\n\ntime.sleep(600)\n", encoding="utf-8")
        end = self.end_of(tmp_path, plugin, cancel=True)
        assert end.outcome == "cancelled", f"it ended as {end.outcome!r}"

    def setup(self, out: Path, *plugins: Path) -> tuple[EngineSetup, list[Cell]]:
        """The parts of a run, and its cells."""
        where = {"benchmarks": (generated.NAME,), "encoders": (generated.NAME,), "out": out, "device": "cpu"}
        request = RunRequest(methods=METHODS, **where)
        bench = Workbench(None, out / "cache", torch.device("cpu"))
        options = PluginOptions(files=(generated.FILE, *self.plugin_files, *plugins))
        threads = torch.get_num_threads()
        setup = EngineSetup(
            bench, self.registry(), out, [request], options, out / "cache", workers=0, cpus=threads, most_jobs=2
        )
        return setup, resolve(request, self.registry())

    def end_of(self, out: Path, *plugins: Path, changed: tuple[str, str] = ("", ""), cancel: bool = False) -> JobEnded:
        """How one job ends."""
        setup, cells = self.setup(out, *plugins)
        with self.executor(out) as executor:
            job = Packer(setup, shared=executor.shares_files).job("cell", cells[:1], 1)
            request = job.request.replace(*changed) if changed[0] else job.request
            job = Job(job.name, job.title, request, job.files, job.cpus)
            executor.submit(job)
            if cancel:
                executor.cancel(job.name)
            ends = [one for one in self.messages(executor) if isinstance(one, JobEnded)]
        assert [end.job for end in ends] == [job.name], f"it ended {len(ends)} times"
        return ends[0]

    def messages(self, executor: Executor) -> Sequence[Message]:
        """All messages until the first end, and what comes within a moment after it."""
        found: list[Message] = []
        deadline = time.monotonic() + self.max_seconds
        while not any(isinstance(one, JobEnded) for one in found):
            if time.monotonic() > deadline:
                pytest.fail(f"the job has not ended after {self.max_seconds:g} s")
            found += executor.follow(0.5)
        return [*found, *executor.follow(0.2)]
