"""`OnSlurm`: jobs as jobs of Slurm, through submitit. ``--out`` and the cache are on a shared file system."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cir_bench import ConfigError, Executor, ExecutorContext, Job, JobEnded, JobEvent, JobFiles, JobMessages
from cir_bench_executors.params import SlurmParams
from cir_bench_executors.slurm_queue import LOST, LocalQueue, Queue, SlurmQueue
from cir_bench_executors.slurm_sweep import SUBMITIT, SUBMITTED, sweep, this_process
from cir_bench_executors.slurm_work import END_FILE, SlurmWork

Message = JobEvent | JobFiles | JobEnded
TICK = 0.2
"""Seconds between two looks at the folders of jobs."""


@dataclass
class _Followed:
    """A job in Slurm, or one that is about to be submitted (without a number)."""

    job: Job
    folder: Path
    messages: JobMessages
    number: str = ""
    unknown: int = 0
    """How often Slurm did not know it."""


class OnSlurm(Executor):
    """Jobs that come together are one array. They outlive this process; the same run finds them again."""

    shares_files = True
    most_jobs = 1000

    def __init__(self, params: SlurmParams, context: ExecutorContext) -> None:
        super().__init__(params, context)
        if importlib.util.find_spec("submitit") is None:
            raise ConfigError("--on slurm: submitit is not installed; run: pip install 'cir-bench[slurm]'.")
        self._settings = params
        self._jobs: dict[str, _Followed] = {}
        self._cancelled: list[Message] = []
        self._asked = 0.0
        self._queue: Queue = SlurmQueue() if params.cluster == "slurm" else LocalQueue()

    def has(self, job: Job) -> bool:
        """Whether Slurm still has it from an earlier run."""
        return self._earlier(job) is not None

    def submit(self, job: Job) -> None:
        """Queue it for the next array, unless it is still there from an earlier run."""
        if 0 < job.gpus < 1:
            raise ConfigError(f"--gpus-per-cell {job.gpus:g}: Slurm gives whole GPUs; write a whole number.")
        number, folder = self._earlier(job) or ("", self.context.out / "jobs" / job.name)
        if not number:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self._jobs[job.name] = one = _Followed(job, folder, JobMessages(folder), number)
        if number:
            self._note(one)

    def follow(self, seconds: float) -> Sequence[Message]:
        """Submit what waits, then read what the jobs wrote."""
        self._submit_waiting()
        found, self._cancelled = self._cancelled, []
        deadline = time.monotonic() + seconds
        while not found:
            found += self._read()
            if found or time.monotonic() >= deadline:
                break
            time.sleep(TICK)
        return found

    def cancel(self, job: str) -> None:
        """Stop it, wherever it is."""
        if (followed := self._jobs.pop(job, None)) is not None:
            if followed.number:
                self._queue.cancel([followed.number])
            self._cancelled.append(JobEnded(job, "cancelled"))
            shutil.rmtree(followed.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop what still runs."""
        for job in [*self._jobs]:
            self.cancel(job)
        sweep(self.context.out / "jobs", self._queue)

    def _note(self, one: _Followed) -> None:
        note = {"number": one.number, "request": one.job.request, "follower": this_process()}
        (one.folder / SUBMITTED).write_text(json.dumps(note), encoding="utf-8")

    def _submit_waiting(self) -> None:
        waiting = [one for one in self._jobs.values() if not one.number]
        if not waiting:
            return
        executor = self._executor
        first = waiting[0].job  # the jobs of a run get the same
        executor.update_parameters(cpus_per_task=first.cpus, gpus_per_node=int(first.gpus))
        try:
            with executor.batch():
                made = [executor.submit(SlurmWork(one.job, one.folder)) for one in waiting]
        except Exception as error:  # submitit's own, or sbatch's words
            raise ConfigError(f"--on slurm: {' '.join(str(error).split())[:300]}.") from error
        for one, job in zip(waiting, made, strict=True):
            one.number = job.job_id
            self._queue.submitted(job)
            self._note(one)

    @cached_property
    def _executor(self) -> Any:
        """Submitit's, with the parameters that all jobs share."""
        import submitit

        settings = self._settings
        cluster = None if settings.cluster == "slurm" else settings.cluster
        try:
            executor = submitit.AutoExecutor(self.context.out / "jobs" / SUBMITIT, cluster=cluster or "slurm")
        except RuntimeError as error:
            raise ConfigError(f"--on slurm: {str(error).rstrip('.')}.") from error
        named: Mapping[str, Any] = {
            "slurm_partition": settings.partition,
            "slurm_account": settings.account,
            "slurm_qos": settings.qos,
            "mem_gb": settings.mem_gb,
        }
        executor.update_parameters(
            name="cir-bench",
            timeout_min=settings.minutes,
            **{name: value for name, value in named.items() if value is not None},
        )
        return executor

    def _read(self) -> Iterator[Message]:
        """What is new in the folders of the jobs; now and then, whether Slurm still has them."""
        now = time.monotonic()
        lost: Mapping[str, str] = {}
        if now - self._asked >= self._settings.poll_seconds:
            self._asked, lost = now, self._lost()
        for name, one in [*self._jobs.items()]:
            for event in one.messages.new():
                yield JobEvent(name, event)
            end = self._end(name, one)
            if end is None and name in lost:
                yield from (JobEvent(name, event) for event in one.messages.new())
                end = self._end(name, one) or JobEnded(name, "lost", lost[name])
            if end is not None:
                del self._jobs[name]
                shutil.rmtree(one.folder, ignore_errors=True)
                yield end

    def _end(self, name: str, one: _Followed) -> JobEnded | None:
        try:
            said = json.loads((one.folder / END_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return JobEnded(name, said["outcome"], said["reason"])

    def _lost(self) -> dict[str, str]:
        """The jobs that Slurm has no more, with its word for it."""
        followed = {one.number: (name, one) for name, one in self._jobs.items() if one.number}
        states = self._queue.states([*followed])
        lost = {}
        for number, (name, one) in followed.items():
            state = states.get(number, "")
            one.unknown = 0 if state else one.unknown + 1
            if state in LOST or one.unknown > 1:  # asked once, it may not have been known yet
                lost[name] = f"job {number} in Slurm is {state or 'unknown'}"
        return lost

    def _earlier(self, job: Job) -> tuple[str, Path] | None:
        """Number and folder of a job of an earlier run that does the same and is still there; others are stopped."""
        stem = job.name.rpartition("-")[0]
        for folder in sorted((self.context.out / "jobs").glob(f"{stem}-*")):
            try:
                note = json.loads((folder / SUBMITTED).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            state = self._queue.states([note["number"]]).get(note["number"], "")
            if not state or state in LOST:
                continue
            if note["request"] == job.request:
                return note["number"], folder
            self._queue.cancel([note["number"]])
        return None
