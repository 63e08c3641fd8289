"""``cir-bench ls``: what is there, by kind, and which plugins could not be loaded."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from cir_bench.cli.benchmarks import benchmark_facts, read_benchmarks
from cir_bench.cli.common import Settings, open_registry, with_settings
from cir_bench.cli.describe import columns, listed, owner_facts, print_json, problem_facts
from cir_bench.interfaces.kinds import KINDS
from cir_bench.plugin.owner import CORE, Owner
from cir_bench.runs.suite import suite_summary, suites
from cir_bench.version import __version__


class What(str, Enum):
    """What `ls` lists."""

    METHODS = "methods"
    COMPOSERS = "composers"
    LOSSES = "losses"
    ENCODERS = "encoders"
    DATASETS = "datasets"
    BENCHMARKS = "benchmarks"
    SUITES = "suites"


@with_settings
def ls(
    settings: Settings,
    what: Annotated[What | None, typer.Argument(help="One kind only.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """List methods, composers, losses, encoders, data sets, benchmarks and suites, with the plugin each comes from."""
    registry = open_registry(settings, quiet=True)
    found: dict[str, list[dict[str, Any]]] = {
        kind.plural: [listed(one) for one in registry.all(kind.spec).values()] for kind in KINDS
    }
    benchmarks, unreadable = read_benchmarks(registry)
    found["benchmarks"] = [benchmark_facts(benchmark, owner) for benchmark, owner in benchmarks]
    ours = owner_facts(Owner(CORE, __version__, "benchmarks"))
    found["suites"] = [{"name": name, "summary": suite_summary(name), **ours} for name in suites()]
    if what is not None:
        found = {what.value: found[what.value]}
    problems = [problem_facts(problem) for problem in registry.problems]
    if as_json:
        print_json(found | {"problems": problems, "unreadable": unreadable})
        return
    for plural, objects in found.items():
        print(f"{plural}:" if objects else f"{plural}: none")
        for line in columns(
            (one["name"], f"{one['distribution']}@{one['version']}", one["summary"]) for one in objects
        ):
            print(line)
    for line in [*map(str, registry.problems), *unreadable]:
        print(f"! {line}")
