"""``cir-bench submit``: the files that the server of a hidden test set takes, written from a run, or checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.data_counts import protocols_of
from cir_bench.cli.datasets import Name, Set, choose_benchmark, opened
from cir_bench.cli.describe import print_json
from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.interfaces.submission import Submission
from cir_bench.plugin.registry import Registered, blame
from cir_bench.protocols.find import ChosenBenchmark
from cir_bench.protocols.protocol import Protocol
from cir_bench.runs.cell import file_name
from cir_bench.submission.files import write_files
from cir_bench.submission.hidden import hidden_set
from cir_bench.submission.load import load_submission
from cir_bench.submission.runs import CellSelector, HiddenRun, find_run

FOLDER = Path("submissions")
SHOWN = 5
MISTAKEN = 1
"""Exit code when a file has mistakes."""


@dataclass(frozen=True)
class Checked:
    """A file and what is wrong with it."""

    path: Path
    data: bytes
    mistakes: Mapping[str, Sequence[str]]


@with_settings
def submit(
    settings: Settings,
    benchmark: Name,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files of this cell: its folder, or a run's --out.")
    ] = None,
    check: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Check this file, made by anyone; may be given again.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("-m", "--method", metavar="NAME", help="Which cell below --run.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("-e", "--encoder", metavar="NAME", help="Which cell below --run.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Which cell below --run.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help=f"Where the files are written. Default: {FOLDER}.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there with other content.")
    ] = False,
    sets: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object, with every mistake.")] = False,
) -> None:
    """Write the files for a hidden test set's server from a finished run, or check such files; both work offline.

    Every mistake is named and counted. What cannot be checked without the data set's files (--data-root) is said.
    Exit codes: 0; 1 when a file has mistakes (nothing is written then); 2 for a mistake in the options or the run.
    """
    if (run is None) == (not check):
        raise ConfigError("give --run DIR to write a submission, or --check FILE to check one.")
    if check and (method or encoder or seed is not None or out or overwrite):
        raise ConfigError(
            "--check only reads FILE; leave out what chooses a cell (-m, -e, --seed), --out and --overwrite."
        )
    chosen, registered = choose_benchmark(settings, benchmark)
    submission = load_submission(registered)
    protocols = _hidden_protocols(chosen, benchmark, submission)
    found = None
    if run is not None:
        found = find_run(run, CellSelector(chosen.label, protocols, method, encoder, seed))
        files = _files(registered, submission, found, out or FOLDER)
    else:
        files = {path: _content(path) for path in check or ()}
    protocol = found.protocol if found else next(iter(protocols.values()))
    hidden, unchecked = hidden_set(lambda: opened(settings, chosen, registered, sets).dataset, protocol)
    with blame(registered, "checking a submission"):
        checked = [Checked(path, data, submission.check(data, hidden)) for path, data in files.items()]
    valid = not any(file.mistakes for file in checked)
    if found and valid:
        write_files(files, overwrite=overwrite)
    if as_json:
        print_json(_facts(checked, unchecked, found, written=valid))
    else:
        for line in _lines(checked, unchecked, submission, found):
            print(line)
    raise typer.Exit(0 if valid else MISTAKEN)


def _hidden_protocols(chosen: ChosenBenchmark, name: str, submission: Submission) -> dict[str, Protocol]:
    """The protocols of the hidden split among those that ``name`` leaves open."""
    named = protocols_of(chosen, name)
    hidden = {key: protocol for key, protocol in named.items() if protocol.split == submission.split}
    if not hidden:
        which = f"{chosen.label}/{', '.join(named)}"
        raise ConfigError(f"{which} is not evaluated on the hidden split {submission.split!r}; write {chosen.label}.")
    return hidden


def _files(registered: Registered[DatasetSpec], submission: Submission, run: HiddenRun, out: Path) -> dict[Path, bytes]:
    ranked, subset = run.lists()
    with blame(registered, "writing a submission"):
        files = submission.files(ranked, subset)
    return {out / f"{run.stem}-{file_name(name)}": data for name, data in files.items()}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror}.") from error


def _facts(
    checked: Sequence[Checked], unchecked: Sequence[str], run: HiddenRun | None, *, written: bool
) -> dict[str, Any]:
    files = [
        {
            "file": str(file.path),
            "bytes": len(file.data),
            "valid": not file.mistakes,
            "mistakes": [
                {"kind": kind, "count": len(found), "where": list(found)} for kind, found in file.mistakes.items()
            ],
        }
        for file in checked
    ]
    facts: dict[str, Any] = {"files": files, "not_checked": list(unchecked)}
    return facts | {"run": str(run.folder), "cell": run.record.cell, "written": written} if run else facts


def _lines(
    checked: Sequence[Checked], unchecked: Sequence[str], submission: Submission, run: HiddenRun | None
) -> Iterator[str]:
    if run:
        key = run.record.cell
        yield f"{key.method} on {key.benchmark}/{key.protocol}, {key.encoder}, seed {key.seed}: {run.folder}"
    for file in checked:
        verdict = "NOT valid" if file.mistakes else "no mistake in what could be checked" if unchecked else "valid"
        yield f"{file.path}: {len(file.data):,} bytes, {verdict}"
        for kind, found in file.mistakes.items():
            more = f"; … {len(found) - SHOWN} more (--json lists all)" if len(found) > SHOWN else ""
            yield f"  {kind}, {len(found)}: {'; '.join(found[:SHOWN])}{more}"
    for what in unchecked:
        yield f"not checked: {what}"
    if run:
        mistaken = any(file.mistakes for file in checked)
        yield "nothing was written" if mistaken else f"written; upload at {submission.server}"
