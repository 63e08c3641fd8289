"""Executors: where ``cir-bench run --on NAME`` computes its cells."""

from __future__ import annotations

from cir_bench import ExecutorSpec, hookimpl

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
    ]
