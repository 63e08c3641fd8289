"""``cir-bench check``: the outcome of the contract tests of a plugin, as a table."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.describe import problem_facts
from cir_bench.cli.layout import columns
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.errors import ConfigError
from cir_bench.testing.check.objects import find_objects, is_file
from cir_bench.testing.check.topics import TOPICS
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.testing.check.outcomes import Outcome


@with_settings
def check(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="PLUGIN", help="A package, a file.py, or the name of an object.")],
    tests: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The plugin's tests: their contract classes replace the plain ones."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the contract tests on a plugin's objects: what passed, failed, was skipped, and why.

    A method is also trained and evaluated on a small generated benchmark; needs no data, no network and no GPU. Exit
    codes: 0; 1 if a check failed, none could be run, or the plugin cannot be loaded; 2 for a mistake in the options.
    """
    if importlib.util.find_spec("pytest") is None:
        raise ConfigError("check runs the contracts with pytest, which is not installed; run: pip install pytest")
    if tests is not None and not tests.exists():
        raise ConfigError(f"--tests {tests}: there is no such file or folder.")
    files = settings.plugins.files
    if is_file(name):
        files = tuple(dict.fromkeys([*files, Path(name)]))
    settings = replace(settings, plugins=replace(settings.plugins, files=files))
    registry = open_registry(settings, quiet=True)
    found = find_objects(registry, name)
    from cir_bench.testing.check.run import run_contracts

    with contextlib.redirect_stdout(sys.stderr):  # what a plugin prints must not spoil --json
        resolved = [file.expanduser().resolve() for file in files]
        root = settings.context().data_root
        outcomes = run_contracts(found.objects, registry, files=resolved, data_root=root, tests=tests)
    count = Counter(outcome.result for outcome in outcomes)
    if as_json:
        facts = {result: count[result] for result in ("passed", "failed", "skipped")}
        problems = [problem_facts(problem) for problem in found.problems]
        print_json({"plugin": name, **facts, "checks": [asdict(one) for one in outcomes], "problems": problems})
    else:
        for problem in found.problems:
            print(f"! {problem}")
        for line in _lines(outcomes):
            print(line)
        print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped.")
    ran = count["passed"] + count["failed"]
    if not ran and not found.problems:
        why = "every check was skipped" if outcomes else "it registers nothing that has a contract"
        print(f"cir-bench: nothing of {name} was checked: {why}.", file=sys.stderr)
    if count["failed"] or found.problems or not ran:
        raise typer.Exit(PROBLEM)


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    order = {topic: place for place, topic in enumerate(TOPICS)}
    for kind, name, variant in dict.fromkeys((one.kind, one.name, one.variant) for one in outcomes):
        own = [one for one in outcomes if (one.kind, one.name, one.variant) == (kind, name, variant)]
        own.sort(key=lambda one: order.get(one.topic, len(order)))
        yield f"{kind} {name}{f', {variant}' if variant else ''}:"
        before, rows = "", []
        for one in own:
            reason = "as above" if one.reason and one.reason == before else one.reason
            rows.append((one.result, one.topic, one.check + (f": {reason}" if reason else "")))
            before = one.reason or before
        yield from columns(rows)
