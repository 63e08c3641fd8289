"""``cir-bench data fetch``: download what is freely available, and list the steps for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cir_bench.cli.benchmark import NamedBenchmark
from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.output import bytes_as_text, print_json
from cir_bench.cli.progress import download_progress
from cir_bench.data.fetch import Fetched
from cir_bench.data.fetch import fetch as fetch_files
from cir_bench.errors import ConfigError
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.verbs.settings import Settings


@with_settings
def fetch(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="DATASET", help="For example fashioniq.")],
    accept_licence: Annotated[
        bool,
        typer.Option("--accept-licence", help="Accept a licence that forbids commercial use (`data info` names it)."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Download the annotation files into --data-root, each verified by its sha256; list the steps for the rest.

    Files that exist are verified and left alone; an interrupted download is continued.
    """
    spec = NamedBenchmark.find(settings, name).registered.spec
    folder = _folder(settings, spec)
    done = []
    with download_progress() as progress:
        for fetched in fetch_files(spec, folder, accept_licence=accept_licence, progress=progress) if folder else ():
            done.append(fetched)
            if not as_json:
                print(f"{fetched.path}: {_state(fetched)}, {bytes_as_text(fetched.file.size)}", flush=True)
    steps = steps_at(spec, settings.data_root)
    if as_json:
        print_json(_facts(spec, folder, done, steps))
        return
    if not spec.files:
        print(f"{spec.name}: there is nothing to fetch" + ("" if steps else f" ({spec.summary})"))
    for number, step in enumerate(steps, start=1):
        print(f"manual step {number}: {step}")


def steps_at(spec: DatasetSpec, data_root: Path | None) -> list[str]:
    """What a person must do, with the data set's folder for ``{root}`` (``DIR/name`` if it is not known)."""
    return [step.replace("{root}", str((data_root or Path("DIR")) / spec.name)) for step in spec.steps]


def _folder(settings: Settings, spec: DatasetSpec) -> Path | None:
    """The data set's own folder; None for one that needs none."""
    if not spec.needs_root:
        return None
    if settings.data_root is None:
        where = f"pass --data-root DIR (or set CIR_BENCH_DATA); they go to DIR/{spec.name}."
        raise ConfigError(f"the files of {spec.name!r} need a place: {where}")
    return settings.data_root / spec.name


def _state(fetched: Fetched) -> str:
    return "fetched" if fetched.new else "present"


def _facts(spec: DatasetSpec, folder: Path | None, done: Sequence[Fetched], steps: Sequence[str]) -> dict[str, Any]:
    files = [asdict(one.file) | {"path": str(one.path), "state": _state(one)} for one in done]
    return {"dataset": spec.name, "folder": None if folder is None else str(folder), "files": files, "steps": steps}
