"""``cir-bench submit``: the files that the server of a hidden test set takes, written from a run, or checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cir_bench.cli.benchmark import BenchmarkName, DatasetParams, NamedBenchmark
from cir_bench.cli.common import with_settings
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.submission import Submission
from cir_bench.plugin.registry import blame
from cir_bench.protocols.protocol import Protocol
from cir_bench.runs.cell import file_name
from cir_bench.submission.files import write_files
from cir_bench.submission.hidden import hidden_set, load_submission
from cir_bench.submission.runs import CellSelector, HiddenRun, find_run
from cir_bench.verbs.settings import Settings, refuse_stdout

FOLDER = Path("submissions")
SHOWN = 5

FileMistakes = Mapping[str, Sequence[str]]
"""What is wrong with a file: where, by kind of mistake."""


@with_settings
def submit(
    settings: Settings,
    benchmark: BenchmarkName,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files of this cell: its folder, or a run's --out.")
    ] = None,
    check: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Check this file, from any source; may be given several times."),
    ] = None,
    method: Annotated[
        str | None, typer.Option("-m", "--method", metavar="NAME", help="Which cell below --run.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("-e", "--encoder", metavar="NAME", help="Which cell below --run.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Which cell below --run.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help=f"Where the files are written. Default: {FOLDER}.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace existing files that have other content.")
    ] = False,
    sets: DatasetParams = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object, with every mistake.")] = False,
) -> None:
    """Write the files for a hidden test set's server from a finished run, or check such files; both work offline.

    Every mistake is named and counted, and so is everything that cannot be checked without the data set's files
    (--data-root). Exit codes: 0; 1 if a file has mistakes (nothing is written then); 2 for a mistake in the options or
    the run.
    """
    refuse_stdout("--out", out)
    if (run is None) == (not check):
        raise ConfigError("give --run DIR to write a submission, or --check FILE to check one.")
    if check and (method or encoder or seed is not None or out or overwrite):
        raise ConfigError("--check only reads FILE; leave out -m, -e, --seed, --out and --overwrite.")
    found = NamedBenchmark.find(settings, benchmark)
    submission = load_submission(found.registered)
    protocols = _hidden_protocols(found, submission)
    source = None if run is None else find_run(run, CellSelector(found.chosen.label, protocols, method, encoder, seed))
    files = _files(found, submission, source, out or FOLDER) if source else {path: _read(path) for path in check or ()}
    protocol = source.protocol if source else next(iter(protocols.values()))
    hidden, unchecked = hidden_set(lambda: found.open(sets), protocol)
    with blame(found.registered, "checking a submission"):
        mistakes = {path: submission.check(data, hidden) for path, data in files.items()}
    valid = not any(mistakes.values())
    if source and valid:
        write_files(files, overwrite=overwrite)
    if as_json:
        about = {"run": str(source.folder), "cell": source.record.cell, "written": valid} if source else {}
        print_json({"files": _facts(files, mistakes), "not_checked": unchecked, **about})
    else:
        print(*_lines(files, mistakes, unchecked, source, submission.server), sep="\n")
    raise typer.Exit(0 if valid else PROBLEM)


def _hidden_protocols(found: NamedBenchmark, submission: Submission) -> dict[str, Protocol]:
    """Those of the benchmark's protocols that are evaluated on the hidden split."""
    hidden = {key: protocol for key, protocol in found.protocols.items() if protocol.split == submission.split}
    if not hidden:
        label = found.chosen.label
        which = f"{label}/{', '.join(found.protocols)}"
        raise ConfigError(f"{which} is not evaluated on the hidden split {submission.split!r}; write {label}.")
    return hidden


def _files(found: NamedBenchmark, submission: Submission, run: HiddenRun, out: Path) -> dict[Path, bytes]:
    ranked, subset = run.lists()
    with blame(found.registered, "writing a submission"):
        files = submission.files(ranked, subset)
    return {out / f"{run.stem}-{file_name(name)}": data for name, data in files.items()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror}.") from error


def _facts(files: Mapping[Path, bytes], mistakes: Mapping[Path, FileMistakes]) -> list[dict[str, Any]]:
    facts = []
    for path, data in files.items():
        found = [{"kind": kind, "count": len(at), "where": at} for kind, at in mistakes[path].items()]
        facts.append({"file": str(path), "bytes": len(data), "valid": not found, "mistakes": found})
    return facts


def _lines(
    files: Mapping[Path, bytes],
    mistakes: Mapping[Path, FileMistakes],
    unchecked: Sequence[str],
    source: HiddenRun | None,
    server: str,
) -> Iterator[str]:
    if source:
        key = source.record.cell
        yield f"{key.method} on {key.benchmark}/{key.protocol}, {key.encoder}, seed {key.seed}: {source.folder}"
    for path, data in files.items():
        verdict = "no mistake in what could be checked" if unchecked else "valid"
        yield f"{path}: {len(data):,} bytes, {'NOT valid' if mistakes[path] else verdict}"
        for kind, at in mistakes[path].items():
            more = f"; … {len(at) - SHOWN} more (--json lists all)" if len(at) > SHOWN else ""
            yield f"  {kind}, {len(at)}: {'; '.join(at[:SHOWN])}{more}"
    for what in unchecked:
        yield f"not checked: {what}"
    if source:
        yield "nothing was written" if any(mistakes.values()) else f"written; upload at {server}"
