"""``cir-bench data verify``: is a data set complete?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from cir_bench.cli.benchmark import BenchmarkName, DatasetParams, NamedBenchmark
from cir_bench.cli.common import AsJson, Settings, with_settings
from cir_bench.cli.data_contents import TrainSplit, counted, protocol_facts
from cir_bench.cli.output import print_json
from cir_bench.cli.progress import with_progress
from cir_bench.data.images import check_images
from cir_bench.data.tables import Faults
from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.protocols.check import ProtocolCheck, check_protocol

SHOWN = 10
INCOMPLETE = 1
"""Exit code if something is missing or wrong."""


@dataclass(frozen=True)
class Findings:
    """What was found of a data set: by protocol, of its train split, and of the images that either of them reads."""

    benchmark: NamedBenchmark
    dataset: Dataset
    checks: Mapping[str, ProtocolCheck]
    train: TrainSplit
    n_images: int
    faults: Faults

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or wrong."""
        return not (self.faults or self.train.problem or any(map(self.problems, self.checks)))

    def problems(self, key: str) -> tuple[str, ...]:
        """Problems of a protocol that make the data incomplete; protocols nobody asked for may be impossible."""
        asked = key == self.benchmark.chosen.protocol_key
        return self.checks[key].problems if self.checks[key].evaluation or asked else ()


@with_settings
def verify(settings: Settings, name: BenchmarkName, sets: DatasetParams = None, as_json: AsJson = False) -> None:
    """Compare counts with the protocols, look for every image and decode it. Exit code 0: complete, 1: not."""
    benchmark = NamedBenchmark.find(settings, name)
    dataset = benchmark.open(sets)
    checks = {key: check_protocol(dataset, protocol) for key, protocol in benchmark.protocols.items()}
    train = TrainSplit.read(dataset)
    evaluated = (image for check in checks.values() if check.evaluation for image in check.evaluation.images())
    images = list(dict.fromkeys([*evaluated, *train.images]))
    found = Findings(benchmark, dataset, checks, train, len(images), check_images(dataset, images, with_progress))
    if as_json:
        print_json(_facts(found))
    else:
        print(*_lines(found), sep="\n")
    raise typer.Exit(0 if found.complete else INCOMPLETE)


def _facts(found: Findings) -> dict[str, Any]:
    return {
        "dataset": found.benchmark.registered.name,
        "benchmark": found.benchmark.chosen.label,
        **found.train.facts(),
        "protocols": protocol_facts(found.benchmark.protocols, found.checks),
        "n_images": found.n_images,
        "missing": found.faults.missing,
        "unreadable": found.faults.unreadable,
        "complete": found.complete,
    }


def _lines(found: Findings) -> Iterator[str]:
    train, faults = found.train, found.faults
    count = f"! {train.problem}" if train.problem else f"{train.n_triplets} training triplets"
    yield f"{found.benchmark.chosen.label}: {count}"
    for key, check in found.checks.items():
        yield counted(key, check)
        for problem in check.problems:
            yield f"  {'!' if problem in found.problems(key) else 'cannot be used:'} {problem}"
        for note in check.notes:
            yield f"  note: {note}"
    present = found.n_images - len(faults.missing)
    yield f"images: {present} of {found.n_images} found, {present - len(faults.unreadable)} of them readable"
    yield from _first("missing", (_expected_at(found.dataset, image) for image in faults.missing))
    yield from _first("unreadable", faults.unreadable.values())
    yield "complete" if found.complete else "NOT complete"


def _expected_at(dataset: Dataset, image: str) -> str:
    """The image and where it should be; or why that is not known, for example because another file is missing."""
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
