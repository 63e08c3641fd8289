"""``cir-bench data verify``: is a data set complete?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import typer

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.data_counts import Training, counted, protocol_facts, protocols_of, training_of
from cir_bench.cli.datasets import AsJson, Name, OpenedBenchmark, Set, open_benchmark
from cir_bench.cli.describe import print_json
from cir_bench.cli.images import ImageCheck, check_images
from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.protocols.check import ProtocolCheck, check_protocol

SHOWN = 10
INCOMPLETE = 1
"""Exit code when something is missing or wrong."""


@with_settings
def verify(settings: Settings, name: Name, sets: Set = None, as_json: AsJson = False) -> None:
    """Hold counts against the protocols, look for every image and decode it. Exit code 0: complete, 1: not."""
    opened = open_benchmark(settings, name, sets)
    checks = {
        key: check_protocol(opened.dataset, protocol) for key, protocol in protocols_of(opened.chosen, name).items()
    }
    training = training_of(opened.dataset)
    images = check_images(opened.dataset, _needed(training, checks.values()))
    failed = [problem for key, check in checks.items() for problem in _failures(opened, key, check)]
    complete = images.complete and not failed and not training.problem
    if as_json:
        print_json(_facts(opened, checks, images, training) | {"complete": complete})
    else:
        for line in (*_lines(opened, checks, images, training), "complete" if complete else "NOT complete"):
            print(line)
    raise typer.Exit(0 if complete else INCOMPLETE)


def _needed(training: Training, checks: Iterable[ProtocolCheck]) -> list[str]:
    """Every image that evaluation under these protocols or training reads."""
    needed = dict.fromkeys(image for check in checks if check.evaluation for image in check.evaluation.images())
    return list(needed | dict.fromkeys(training.images))


def _failures(opened: OpenedBenchmark, key: str, check: ProtocolCheck) -> tuple[str, ...]:
    """Problems that make the data incomplete. Nobody asked for the other protocols, so those may be impossible."""
    return check.problems if check.evaluation or key == opened.chosen.protocol_key else ()


def _facts(
    opened: OpenedBenchmark, checks: dict[str, ProtocolCheck], images: ImageCheck, training: Training
) -> dict[str, Any]:
    return {
        "dataset": opened.registered.name,
        "benchmark": opened.chosen.label,
        "n_train": training.n_triplets,
        "train_problem": training.problem or None,
        "protocols": protocol_facts(opened.chosen, checks),
        "n_images": images.n_images,
        "missing": images.missing,
        "unreadable": images.unreadable,
    }


def _lines(
    opened: OpenedBenchmark, checks: dict[str, ProtocolCheck], images: ImageCheck, training: Training
) -> Iterator[str]:
    yield f"{opened.chosen.label}: {training}"
    for key, check in checks.items():
        yield counted(key, check)
        for problem in check.problems:
            yield f"  {'!' if problem in _failures(opened, key, check) else 'cannot be used:'} {problem}"
        for note in check.notes:
            yield f"  note: {note}"
    found = images.n_images - len(images.missing)
    yield f"images: {found} of {images.n_images} there, {found - len(images.unreadable)} of them readable"
    yield from _first("missing", (_expected_at(opened.dataset, image) for image in images.missing))
    yield from _first("unreadable", images.unreadable.values())


def _expected_at(dataset: Dataset, image: str) -> str:
    """The image and where it should be; or why nobody can tell, which may be another file that is missing."""
    try:
        path = dataset.file(image)
    except DataError as error:
        return str(error)
    return image if path is None else f"{image} ({path})"


def _first(what: str, items: Iterable[str]) -> Iterator[str]:
    listed = list(items)
    for item in listed[:SHOWN]:
        yield f"  {what}: {item}"
    if len(listed) > SHOWN:
        yield f"  {what}: … {len(listed) - SHOWN} more (--json lists all)"
