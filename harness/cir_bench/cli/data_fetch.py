"""``cir-bench data fetch``: download what anybody may download, and say what a person must do for the rest."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.datasets import AsJson, choose_benchmark
from cir_bench.cli.describe import print_json
from cir_bench.cli.images import SECONDS_BETWEEN_LINES
from cir_bench.cli.sizes import bytes_as_text
from cir_bench.data.fetch import Fetched, Progress
from cir_bench.data.fetch import fetch as fetch_files
from cir_bench.errors import ConfigError
from cir_bench.interfaces.specs import DatasetSpec, RemoteFile

Named = Annotated[str, typer.Argument(metavar="DATASET", help="For example fashioniq.")]
Accept = Annotated[
    bool, typer.Option("--accept-licence", help="Accept a licence that forbids commercial use (`data info` names it).")
]


@with_settings
def fetch(settings: Settings, name: Named, accept_licence: Accept = False, as_json: AsJson = False) -> None:
    """Download the annotation files into --data-root, each verified by its sha256; name the steps for the rest.

    What is there already is verified and left alone; what an interrupted call has left is continued.
    """
    spec = choose_benchmark(settings, name)[1].spec
    folder = _folder(settings, spec)
    with _progress() as progress:
        done = []
        for fetched in fetch_files(spec, folder, accept_licence=accept_licence, progress=progress) if folder else ():
            done.append(fetched)
            if not as_json:
                state = "fetched" if fetched.new else "there"
                print(f"{fetched.path}: {state}, {bytes_as_text(fetched.file.size)}", flush=True)
    steps = steps_at(spec, settings.data_root)
    if as_json:
        print_json(_facts(spec, folder, done, steps))
        return
    if not spec.files:
        print(f"{spec.name}: there is nothing to fetch" + ("" if steps else f" ({spec.summary})"))
    for number, step in enumerate(steps, start=1):
        print(f"by hand, {number}: {step}")


def steps_at(spec: DatasetSpec, data_root: Path | None) -> list[str]:
    """What a person must do, with the data set's folder for ``{root}`` (``DIR/name`` where none is known)."""
    return [step.replace("{root}", str((data_root or Path("DIR")) / spec.name)) for step in spec.steps]


def _folder(settings: Settings, spec: DatasetSpec) -> Path | None:
    """The data set's own folder; None for one that needs none."""
    if not spec.needs_root:
        return None
    if settings.data_root is None:
        raise ConfigError(
            f"the files of {spec.name!r} need a place: pass --data-root DIR (or set CIR_BENCH_DATA); they go to "
            f"DIR/{spec.name}."
        )
    return settings.data_root / spec.name


def _facts(spec: DatasetSpec, folder: Path | None, done: list[Fetched], steps: list[str]) -> dict[str, Any]:
    return {
        "dataset": spec.name,
        "folder": None if folder is None else str(folder),
        "files": [
            {
                "path": str(one.path),
                "url": one.file.url,
                "sha256": one.file.sha256,
                "size": one.file.size,
                "state": "fetched" if one.new else "there",
            }
            for one in done
        ],
        "steps": steps,
    }


@contextmanager
def _progress() -> Iterator[Progress]:
    """On stderr a bar for the file that is downloaded, or a line now and then when that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(file: RemoteFile, done: int) -> None:
            if file.path not in tasks:
                tasks[file.path] = bar.add_task(file.path, total=file.size)
            bar.update(tasks[file.path], completed=done, visible=done < file.size)

        yield show


class _Lines:
    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, file: RemoteFile, done: int) -> None:
        if time.monotonic() - self.last >= SECONDS_BETWEEN_LINES and done < file.size:
            print(f"{file.path}: {bytes_as_text(done)} of {bytes_as_text(file.size)}", file=sys.stderr, flush=True)
            self.last = time.monotonic()
