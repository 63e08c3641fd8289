"""``cir-bench data export``: a data set as parquet files that Hugging Face's `datasets` reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from cir_bench.cli.benchmark import BenchmarkName, DatasetParams, NamedBenchmark
from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.output import print_json
from cir_bench.cli.progress import with_progress
from cir_bench.data.export import Exported
from cir_bench.data.export import export as write
from cir_bench.data.tables import QUERIES
from cir_bench.utils.splits import TRAIN
from cir_bench.verbs.settings import Settings, refuse_stdout


@with_settings
def export(
    settings: Settings,
    name: BenchmarkName,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A folder that does not exist yet, or an empty one.")
    ],
    to: Annotated[Literal["parquet"], typer.Option("--to", help="The format.")] = "parquet",
    split: Annotated[
        list[str] | None,
        typer.Option(
            "--split", metavar="NAME", help="train, or an evaluation split; may be given several times. Default: all."
        ),
    ] = None,
    no_images: Annotated[bool, typer.Option("--no-images", help="Annotations only.")] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Go on if images are missing; their rows are kept, without pixels.")
    ] = False,
    sets: DatasetParams = None,
    as_json: AsJson = False,
) -> None:
    """Write triplets, queries and gallery as parquet files that include the images; `-b hf:DIR` reads them back."""
    refuse_stdout("--out", out)
    benchmark = NamedBenchmark.find(settings, name)
    done = write(
        benchmark.open(sets),
        benchmark.registered.spec,
        out.expanduser(),
        splits=split or [TRAIN, *(protocol.split for protocol in benchmark.chosen.benchmark.protocols.values())],
        optional=not split,
        images=not no_images,
        allow_partial=allow_partial,
        watch=with_progress,
    )
    if as_json:
        faults = {split: asdict(found) for split, found in done.faults.items()}
        print_json({"out": str(out), "format": to, "rows": done.rows, "faults": faults, "left_out": done.left_out})
    else:
        print(*_lines(done, out), sep="\n")


def _lines(done: Exported, out: Path) -> Iterator[str]:
    for table, splits in done.rows.items():
        yield f"{table}: " + ", ".join(f"{count} of {split}" for split, count in splits.items())
    for split, reason in done.left_out.items():
        yield f"skipped {split}: {reason}"
    for split, faults in done.faults.items():
        missing, unreadable = len(faults.missing), len(faults.unreadable)
        yield f"PARTIAL: of {split} {missing} images are missing and {unreadable} unreadable (--json names them)"
    queries = list(done.rows.get(QUERIES, ()))
    choose = f" --set dataset.split={queries[0]}" if len(queries) > 1 and "val" not in queries else ""
    yield f"written to {out}" + (f"; to evaluate on it: -b hf:{out}{choose}" if queries else "")
