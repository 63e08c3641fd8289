"""``cir-bench ls``: what is installed, by kind, and which plugins could not be loaded."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.describe import BUILTIN, benchmark_facts, object_facts, problem_facts, read_benchmarks
from cir_bench.cli.layout import columns, wrapped
from cir_bench.cli.output import print_json
from cir_bench.interfaces.kinds import KINDS
from cir_bench.runs.suite import suite_summary, suites
from cir_bench.verbs.settings import Settings


@with_settings
def ls(
    settings: Settings,
    what: Annotated[
        Literal[
            "methods", "composers", "losses", "encoders", "datasets", "executors", "trackers", "benchmarks", "suites"
        ]
        | None,
        typer.Argument(help="One kind only.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what is installed, by kind, with the plugin that each comes from; and the benchmarks and suites."""
    registry = open_registry(settings, quiet=True)
    found: dict[str, list[dict[str, Any]]] = {
        kind.plural: [object_facts(one) for one in registry.all(kind.spec).values()] for kind in KINDS
    }
    benchmarks, unreadable = read_benchmarks(registry)
    found["benchmarks"] = [benchmark_facts(benchmark, owner) for benchmark, owner in benchmarks]
    found["suites"] = [{"name": name, "summary": suite_summary(name), **asdict(BUILTIN)} for name in suites()]
    if what is not None:
        found = {what: found[what]}
    if as_json:
        problems = [problem_facts(problem) for problem in registry.problems]
        print_json(found | {"problems": problems, "unreadable": unreadable})
        return
    for plural, objects in found.items():
        print(f"{plural}:" if objects else f"{plural}: none")
        rows = ((one["name"], f"{one['distribution']}@{one['version']}", one["summary"]) for one in objects)
        for line in columns(rows):
            print(line)
    for line in [*map(str, registry.problems), *unreadable]:
        print(*wrapped(f"! {line}"), sep="\n")
