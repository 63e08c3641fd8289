"""``cir-bench data export``: a data set as parquet files that Hugging Face's `datasets` reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.datasets import AsJson, Name, Set, open_benchmark
from cir_bench.cli.describe import print_json
from cir_bench.cli.images import with_progress
from cir_bench.data.export import Exported
from cir_bench.data.export import export as write
from cir_bench.data.tables import QUERIES
from cir_bench.utils.splits import TRAIN


class Form(str, Enum):
    """What a data set can be written as."""

    PARQUET = "parquet"


To = Annotated[Form, typer.Option("--to", help="What it is written as.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="A folder that is not there yet, or an empty one.")]
Splits = Annotated[
    list[str] | None,
    typer.Option("--split", metavar="NAME", help="train, or an evaluation split; may be given again. All by default."),
]
NoImages = Annotated[bool, typer.Option("--no-images", help="Annotations only.")]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Go on where images are missing; their rows stay, without pixels.")
]


@with_settings
def export(
    settings: Settings,
    name: Name,
    out: Out,
    to: To = Form.PARQUET,
    split: Splits = None,
    no_images: NoImages = False,
    allow_partial: AllowPartial = False,
    sets: Set = None,
    as_json: AsJson = False,
) -> None:
    """Write triplets, queries and gallery as parquet files, images within; `-b hf:DIR` reads them back."""
    opened = open_benchmark(settings, name, sets)
    done = write(
        opened.dataset,
        opened.registered.spec,
        out.expanduser(),
        splits=split or [TRAIN, *(protocol.split for protocol in opened.chosen.benchmark.protocols.values())],
        optional=not split,
        images=not no_images,
        allow_partial=allow_partial,
        watch=with_progress,
    )
    if as_json:
        faults = {split: asdict(found) for split, found in done.faults.items()}
        print_json({"out": str(out), "form": to, "rows": done.rows, "faults": faults, "left_out": done.left_out})
        return
    print(*_lines(done, out), sep="\n")


def _lines(done: Exported, out: Path) -> Iterator[str]:
    for table, splits in done.rows.items():
        yield f"{table}: " + ", ".join(f"{count} of {split}" for split, count in splits.items())
    for split, reason in done.left_out.items():
        yield f"left out: {split} ({reason})"
    for split, faults in done.faults.items():
        missing, unreadable = len(faults.missing), len(faults.unreadable)
        yield f"PARTIAL: of {split} {missing} images are missing and {unreadable} unreadable (--json names them)"
    queries = list(done.rows.get(QUERIES, ()))
    if queries:
        several = len(queries) > 1 and "val" not in queries
        yield f"written to {out}; to evaluate on it: -b hf:{out}" + several * f" --set dataset.split={queries[0]}"
    else:
        yield f"written to {out}"
