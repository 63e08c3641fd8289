"""Parameters of the executors. Imports neither Ray nor submitit."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cir_bench import Params


class RayParams(Params):
    """Of `cir_bench_executors.on_ray.OnRay`."""

    argument: ClassVar[str | None] = "address"

    address: str | None = None
    """Of a cluster to join, such as ``auto`` or ``10.0.0.1:6379``; none: Ray is started on this machine."""
    scratch: str = ""
    """A folder of each node for the files of jobs; the system's folder for temporary files by default."""
    checkpoint_seconds: Annotated[float, Field(ge=0)] = 30.0
    """Checkpoints travel back at most this often."""


class SlurmParams(Params):
    """Of `cir_bench_executors.on_slurm.OnSlurm`."""

    partition: str | None = None
    time: Annotated[str, Field(pattern=r"^(\d+-)?\d+:\d\d:\d\d$")] = "24:00:00"
    """What a job may take, ``HH:MM:SS`` or ``DAYS-HH:MM:SS``. When it is over, the job is queued again and its cell
    goes on, three times at most."""
    account: str | None = None
    qos: str | None = None
    mem_gb: Annotated[float, Field(gt=0)] | None = None
    """Memory of a job."""
    poll_seconds: Annotated[float, Field(ge=0)] = 15.0
    """How often Slurm is asked for the states of jobs."""
    cluster: Literal["slurm", "local", "debug"] = "slurm"
    """``local`` and ``debug`` are submitit's executors without Slurm."""

    @property
    def minutes(self) -> int:
        """``time`` in minutes, rounded up."""
        days, _, clock = self.time.rpartition("-")
        hours, minutes, seconds = map(int, clock.split(":"))
        return -(-((int(days or 0) * 24 + hours) * 3600 + minutes * 60 + seconds) // 60)
