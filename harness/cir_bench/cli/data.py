"""``cir-bench data verify`` and ``data info``: is a data set complete, and what is in it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from cir_bench.cli.app import new_typer
from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.datasets import Name, OpenedBenchmark, Set, open_benchmark
from cir_bench.cli.describe import print_json
from cir_bench.cli.images import ImageCheck, check_images
from cir_bench.protocols.check import ProtocolCheck, check_protocol
from cir_bench.protocols.eval_set import provenance_of
from cir_bench.protocols.protocol import Protocol

SHOWN = 10
INCOMPLETE = 1
"""Exit code of `verify` when something is missing or wrong."""

app = new_typer("Check a data set, or tell what is in it.")
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object, with every id.")]


@app.command()
@with_settings
def verify(settings: Settings, name: Name, sets: Set = None, as_json: AsJson = False) -> None:
    """Hold counts against the protocols, look for every image and decode it. Exit code 0: complete, 1: not."""
    opened = open_benchmark(settings, name, sets)
    checks = {key: check_protocol(opened.dataset, protocol) for key, protocol in _protocols(opened, name).items()}
    images = check_images(opened.dataset, _needed(opened, checks.values()))
    failed = [problem for key, check in checks.items() for problem in _failures(opened, key, check)]
    complete = images.complete and not failed
    if as_json:
        print_json(_facts(opened, checks, images) | {"complete": complete})
    else:
        for line in (*_lines(opened, checks, images), "complete" if complete else "NOT complete"):
            print(line)
    raise typer.Exit(0 if complete else INCOMPLETE)


@app.command()
@with_settings
def info(settings: Settings, name: Name, sets: Set = None, as_json: AsJson = False) -> None:
    """Tell licence, counts and protocols of a data set, and the digests of its annotation files."""
    opened = open_benchmark(settings, name, sets)
    spec = opened.registered.spec
    checks = {key: check_protocol(opened.dataset, protocol) for key, protocol in _protocols(opened, name).items()}
    provenance = dict(opened.dataset.provenance())
    for key, check in checks.items():
        if check.evaluation is not None:  # a protocol whose spelling dictionary is missing has none to name
            provenance |= provenance_of(opened.dataset, opened.chosen.benchmark.protocols[key])
    facts: dict[str, Any] = {
        "dataset": spec.name,
        "summary": spec.summary,
        "licence": spec.licence,
        "homepage": spec.homepage,
        "synthetic": spec.synthetic,
        "n_train": len(opened.dataset.train()),
        "protocols": _protocol_facts(opened, checks),
        "provenance": provenance,
    }
    if as_json:
        print_json(facts)
        return
    for key in ("dataset", "summary", "licence", "homepage"):
        if facts[key]:
            print(f"{key}: {facts[key]}")
    print(f"images: {'rendered by a program' if spec.synthetic else 'from files'}")
    print(f"training triplets: {facts['n_train']}")
    for key, check in checks.items():
        print(f"{_counts(key, check)}\n  {' '.join(opened.chosen.benchmark.protocols[key].description.split())}")
    for file, digest in provenance.items():
        print(f"{file}: {digest}")


def _protocols(opened: OpenedBenchmark, name: str) -> dict[str, Protocol]:
    """The protocol that ``name`` asks for, or all of the benchmark's."""
    if "/" in name.partition(":")[0]:
        return {opened.chosen.protocol_key: opened.chosen.protocol}
    return opened.chosen.benchmark.protocols


def _needed(opened: OpenedBenchmark, checks: Iterable[ProtocolCheck]) -> list[str]:
    """Every image that evaluation under these protocols or training reads."""
    needed = dict.fromkeys(image for check in checks if check.evaluation for image in check.evaluation.images())
    return list(needed | dict.fromkeys(opened.dataset.train_images()))


def _failures(opened: OpenedBenchmark, key: str, check: ProtocolCheck) -> tuple[str, ...]:
    """Problems that make the data incomplete. Nobody asked for the other protocols, so those may be impossible."""
    return check.problems if check.evaluation or key == opened.chosen.protocol_key else ()


def _protocol_facts(opened: OpenedBenchmark, checks: dict[str, ProtocolCheck]) -> dict[str, Any]:
    return {
        key: {
            "hash": opened.chosen.benchmark.protocols[key].hash(),
            "n_queries": check.evaluation.n_queries if check.evaluation else None,
            "n_gallery": check.evaluation.n_gallery if check.evaluation else None,
            "problems": check.problems,
            "notes": check.notes,
        }
        for key, check in checks.items()
    }


def _facts(opened: OpenedBenchmark, checks: dict[str, ProtocolCheck], images: ImageCheck) -> dict[str, Any]:
    return {
        "dataset": opened.registered.name,
        "benchmark": opened.chosen.label,
        "n_train": len(opened.dataset.train()),
        "protocols": _protocol_facts(opened, checks),
        "n_images": images.n_images,
        "missing": images.missing,
        "unreadable": images.unreadable,
    }


def _lines(opened: OpenedBenchmark, checks: dict[str, ProtocolCheck], images: ImageCheck) -> Iterator[str]:
    yield f"{opened.chosen.label}: {len(opened.dataset.train())} training triplets"
    for key, check in checks.items():
        yield _counts(key, check)
        for problem in check.problems:
            yield f"  {'!' if problem in _failures(opened, key, check) else 'cannot be used:'} {problem}"
        for note in check.notes:
            yield f"  note: {note}"
    found = images.n_images - len(images.missing)
    yield f"images: {found} of {images.n_images} there, {found - len(images.unreadable)} of them readable"
    yield from _first("missing", images.missing)
    yield from _first("unreadable", images.unreadable.values())


def _counts(key: str, check: ProtocolCheck) -> str:
    if check.evaluation is None:
        return f"protocol {key}"
    queries, gallery = check.evaluation.n_queries, check.evaluation.n_gallery
    parts = (f"{part + ' ' if part else ''}{queries[part]} queries over {gallery[part]} images" for part in queries)
    return f"protocol {key}: {', '.join(parts)}"


def _first(what: str, items: Iterable[str]) -> Iterator[str]:
    listed = list(items)
    for item in listed[:SHOWN]:
        yield f"  {what}: {item}"
    if len(listed) > SHOWN:
        yield f"  {what}: … {len(listed) - SHOWN} more (--json lists all)"
