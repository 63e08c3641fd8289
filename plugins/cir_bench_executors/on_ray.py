"""`OnRay`: jobs as tasks of a Ray cluster. No file system is shared: files travel as objects."""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cir_bench import ConfigError, Executor, ExecutorContext, Job, JobEnded, JobEvent, JobFiles, perform
from cir_bench_executors.params import RayParams

Message = JobEvent | JobFiles | JobEnded
WORDS = 200
"""Characters of Ray's own words for a lost worker."""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "180",
    "RAY_agent_register_timeout_ms": "180000",
}
"""Of Ray, unless the user has set it: nothing is sent to anybody, and a busy machine may take its time."""


class OnRay(Executor):
    """Each job is a task that yields its messages. Without an address, Ray is started on this machine."""

    def __init__(self, params: RayParams, context: ExecutorContext) -> None:
        super().__init__(params, context)
        if importlib.util.find_spec("ray") is None:
            raise ConfigError("--on ray: Ray is not installed; run: pip install 'cir-bench[ray]'.")
        self._settings = params
        self._ours = False
        self._tasks: dict[str, Any] = {}
        self._cancelled: list[Message] = []
        self._objects: dict[Path, Any] = {}

    @cached_property
    def _ray(self) -> Any:
        """Ray, which is imported when the first job is submitted, and part of a cluster from then on."""
        import ray

        self._begin(ray)
        return ray

    def submit(self, job: Job) -> None:
        """Queue a task; Ray places it where its processors and GPUs are free."""
        self._refuse_what_never_fits(job)
        files = {name: self._object(name, path) for name, path in job.files.items()}
        settings = self._settings
        options = {"num_cpus": job.cpus, "num_gpus": job.gpus, "name": job.title, "max_retries": 0}
        task = self._ray.remote(num_returns="streaming", **options)(_work)
        work = (replace(job, files={}), files, settings.scratch, settings.checkpoint_seconds)
        self._tasks[job.name] = task.remote(*work)

    def follow(self, seconds: float) -> Sequence[Message]:
        """Wait for one message and take what is there."""
        found, self._cancelled = self._cancelled, []
        timeout = 0.0 if found else seconds
        while self._tasks:
            names = {stream: name for name, stream in self._tasks.items()}
            ready, _ = self._ray.wait([*names], num_returns=1, timeout=timeout, fetch_local=False)
            if not ready:
                break
            found.append(self._next(names[ready[0]], ready[0]))
            if isinstance(found[-1], JobEnded):
                self._tasks.pop(found[-1].job, None)
            timeout = 0.0
        return found

    def cancel(self, job: str) -> None:
        """Stop its task."""
        if (stream := self._tasks.pop(job, None)) is not None:
            self._ray.cancel(stream, force=False)
            self._cancelled.append(JobEnded(job, "cancelled"))

    def close(self) -> None:
        """Stop all tasks; leave the cluster, and end it, with its scratch folder, if it was started for this run."""
        for job in [*self._tasks]:
            with suppress(self._ray.exceptions.RayError):
                self.cancel(job)
        if self._ours:
            node = _node_folder(self._settings.scratch)
            self._ray.shutdown()
            if not self._settings.address:
                shutil.rmtree(node, ignore_errors=True)

    def _next(self, job: str, stream: Any) -> Message:
        """The next message of a job, or what became of its worker."""
        try:
            message: Message = self._ray.get(next(stream))
        except StopIteration:
            return JobEnded(job, "lost", "its task ended without a word")
        except self._ray.exceptions.TaskCancelledError:
            return JobEnded(job, "cancelled")
        except self._ray.exceptions.RayError as error:
            words = " ".join(str(error).split())
            return JobEnded(job, "lost", f"{type(error).__name__}: {words[:WORDS]}".rstrip("."))
        return message

    def _begin(self, ray: Any) -> None:
        """Join the cluster, or start one; one that this process has joined before is used and left as it is."""
        address = self._settings.address
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        if ray.is_initialized():
            return
        here = {} if address else {"include_dashboard": False}
        try:
            ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **here)
        except Exception as error:  # of many kinds, down to Exception itself
            where = f"--on ray:{address}: no cluster can be joined" if address else "--on ray: Ray does not start"
            raise ConfigError(f"{where} ({' '.join(str(error).split())[:WORDS]}).") from error
        self._ours = True

    def _refuse_what_never_fits(self, job: Job) -> None:
        """Ray would wait for ever; a cluster that was joined may still grow."""
        if self._settings.address:
            return
        has: Mapping[str, float] = self._ray.cluster_resources()
        for what, option, wanted in (("CPU", "--cpus-per-cell", job.cpus), ("GPU", "--gpus-per-cell", job.gpus)):
            if wanted > has.get(what, 0):
                raise ConfigError(
                    f"{option} {wanted:g}: Ray has {has.get(what, 0):g} {what}s on this machine; give each cell fewer."
                )

    def _object(self, name: str, path: Path) -> Any:
        """A file's content in Ray's object store; features once for all jobs that read them."""
        if not name.startswith("cache/"):
            return self._ray.put(path.read_bytes())
        if path not in self._objects:  # a shard of the cache never changes
            self._objects[path] = self._ray.put(path.read_bytes())
        return self._objects[path]


def _node_folder(scratch: str) -> Path:
    """The scratch folder of this node."""
    import ray

    place = Path(scratch or tempfile.gettempdir()) / f"cir-bench-{getpass.getuser()}"
    number: str = ray.get_runtime_context().get_node_id()
    return place / number[:12]


def _work(
    job: Job, files: Mapping[str, Any], scratch: str, checkpoint_seconds: float
) -> Generator[Message, None, None]:
    """A job in a new folder of this node: a command that was killed may have left one, and another may run the cell."""
    import ray

    node = _node_folder(scratch)
    (node / "jobs").mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{job.name}-", dir=node / "jobs"))
    contents = zip(files, ray.get([*files.values()]), strict=True)
    end: Message | None = None
    try:
        with closing(perform(job, folder, contents, cache=node / "cache", file_seconds=checkpoint_seconds)) as messages:
            for message in messages:
                if isinstance(message, JobEnded):
                    end = message
                else:
                    yield message
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if end is not None:  # said once the folder is gone: the driver may end this worker when it hears it
        yield end
