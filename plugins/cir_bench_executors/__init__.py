"""Executors: where ``cir-bench run --on NAME`` computes its cells."""

from __future__ import annotations

from cir_bench import ExecutorSpec, hookimpl
from cir_bench_executors.params import RayParams, SlurmParams

CIR_BENCH_API = 1


@hookimpl
def cir_bench_executors() -> list[ExecutorSpec]:
    """All executors."""
    return [
        ExecutorSpec(
            name="local",
            summary="processes on this machine, each with processors and GPUs of its own",
            implementation="cir_bench_executors.local:Local",
        ),
        ExecutorSpec(
            name="ray",
            summary="tasks of a Ray cluster: one that is started here, or ray:ADDRESS",
            implementation="cir_bench_executors.on_ray:OnRay",
            params=RayParams,
            extra="ray",
        ),
        ExecutorSpec(
            name="slurm",
            summary="jobs of Slurm, through submitit; --out and the cache are on a shared file system",
            implementation="cir_bench_executors.on_slurm:OnSlurm",
            params=SlurmParams,
            extra="slurm",
        ),
    ]
