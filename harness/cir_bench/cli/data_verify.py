"""``cir-bench data verify``: is a data set complete?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cir_bench.cli.benchmark import BenchmarkName, DatasetParams, NamedBenchmark
from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.data_contents import TrainSplit, counted, protocol_facts
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.cli.progress import with_progress
from cir_bench.config import parse_set
from cir_bench.data.images import check_images
from cir_bench.data.tables import Faults
from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.plugin.registry import blame, create
from cir_bench.protocols.check import ProtocolCheck, check_protocol, cut_note
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.interfaces.encoder import Encoder

SHOWN = 10


@with_settings
def verify(
    settings: Settings,
    name: BenchmarkName,
    sets: DatasetParams = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            *("-e", "--encoder"),
            metavar="NAME",
            help="Also count the texts that are longer than this encoder reads; --set encoder.KEY=VALUE sets it.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare counts with the protocols, look for every image and decode it. Exit code 0: complete, 1: not."""
    benchmark = NamedBenchmark.find(settings, name)
    of_encoder = [one for one in sets or () if one.startswith("encoder.") and encoder is not None]
    dataset = benchmark.open([one for one in sets or () if one not in of_encoder])
    checks = {key: check_protocol(dataset, protocol) for key, protocol in benchmark.protocols.items()}
    train = TrainSplit.read(dataset)
    evaluated = (image for check in checks.values() if check.evaluation for image in check.evaluation.images())
    images = list(dict.fromkeys([*evaluated, *train.images]))
    faults = check_images(dataset, images, with_progress)
    cut = _cut(benchmark, dataset, checks, encoder, of_encoder) if encoder is not None else {}
    # a protocol that nobody asked for may be impossible with this data
    asked = benchmark.chosen.protocol_key
    failed = [key for key, check in checks.items() if check.problems and (check.evaluation or key == asked)]
    complete = not (faults or failed or train.problem)
    if as_json:
        about = {"dataset": benchmark.registered.name, "benchmark": benchmark.chosen.label, **train.facts()}
        found = {"n_images": len(images), "missing": faults.missing, "unreadable": faults.unreadable}
        found |= {"cut_texts": {key: len(texts) for key, (texts, _) in cut.items()}} if encoder is not None else {}
        print_json({**about, "protocols": protocol_facts(benchmark.protocols, checks), **found, "complete": complete})
    else:
        count = f"! {train.problem}" if train.problem else f"{train.n_triplets} training triplets"
        print(f"{benchmark.chosen.label}: {count}")
        print(*_protocol_lines(checks, failed), *_image_lines(dataset, len(images), faults), sep="\n")
        for key, (texts, of) in cut.items():
            print(cut_note(f"texts of {key}", texts, of, str(encoder)))
        print("complete" if complete else "NOT complete")
    raise typer.Exit(0 if complete else PROBLEM)


def _cut(
    benchmark: NamedBenchmark,
    dataset: Dataset,
    checks: Mapping[str, ProtocolCheck],
    name: str,
    assignments: Sequence[str],
) -> dict[str, tuple[Sequence[str], int]]:
    """By protocol, the texts that an encoder cuts off, and the number of all texts."""
    base, argument = split_argument(name)
    registered = open_registry(benchmark.settings, quiet=True).encoder(base)
    params = make_params(registered.spec, parse_set(assignments).get("encoder", {}), argument)
    encoder = cast("Encoder", create(registered, params, benchmark.settings.context(benchmark.registered.name)))
    with blame(registered, "looking for texts that it cuts"):
        texts = {key: check.evaluation.texts() for key, check in checks.items() if check.evaluation}
        return {key: (encoder.cut_texts(asked), len(asked)) for key, asked in texts.items()}


def _protocol_lines(checks: Mapping[str, ProtocolCheck], failed: Sequence[str]) -> Iterator[str]:
    for key, check in checks.items():
        yield counted(key, check)
        for problem in check.problems:
            yield f"  {'!' if key in failed else 'cannot be used:'} {problem}"
        for note in check.notes:
            yield f"  note: {note}"


def _image_lines(dataset: Dataset, count: int, faults: Faults) -> Iterator[str]:
    present = count - len(faults.missing)
    yield f"images: {present} of {count} found, {present - len(faults.unreadable)} of them readable"
    yield from _first("missing", (_expected_at(dataset, image) for image in faults.missing))
    yield from _first("unreadable", faults.unreadable.values())


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
