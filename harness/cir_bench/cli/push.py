"""``cir-bench push``: a trained model, or records with their leaderboard, to the Hugging Face Hub."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.cli.layout import columns
from cir_bench.cli.output import PROBLEM, bytes_as_text
from cir_bench.cli.records import Records, chosen_cell, read_records
from cir_bench.errors import ConfigError
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.hub.push import Upload
    from cir_bench.hub.repository import Repository

LEADERBOARD = "leaderboard"


@with_settings
def push(
    settings: Settings,
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|leaderboard",
            help="Folder of a finished cell or of an exported model; or the word leaderboard, for records.",
        ),
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="OWNER/NAME", help="The repository; it is made if it does not exist.")
    ],
    records: Records = None,
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository private; refuse to send to a public one.")
    ] = False,
    message: Annotated[str, typer.Option(metavar="TEXT", help="The message of the commit.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files and their sizes; send nothing and ask no server.")
    ] = False,
) -> None:
    """Send a trained model with its card to a model repository, or records to a dataset repository.

    `push RUN` sends what `cir-bench export` writes. `push leaderboard` sends LEADERBOARD.md and, below records, what
    `cir-bench leaderboard --pack` copies; others read it with `cir-bench leaderboard --from hf:OWNER/NAME`. Everything
    is one commit, and other files of the repository stay. The token is that of `hf auth login`, or HF_TOKEN.

    Exit codes: 0; 1 if a record had to be left out; 2 for a mistake, such as no permission for the repository.
    """
    from cir_bench.hub.repository import repository_to_push

    of_records = what == LEADERBOARD
    if records and not of_records:
        raise ConfigError(f"--records goes with `cir-bench push {LEADERBOARD}`; leave it out to send {what}.")
    repository = repository_to_push(to, "dataset" if of_records else "model")
    with tempfile.TemporaryDirectory(prefix="cir-bench-push-") as scratch:
        files, problems = (
            _leaderboard(records, settings, Path(scratch))
            if of_records
            else (_model(Path(what), settings, Path(scratch)), [])
        )
        _list(files, repository, dry_run=dry_run)
        if not dry_run:
            from cir_bench.hub.push import upload

            said = message or (f"Add {LEADERBOARD}" if of_records else "Add model") + " of cir-bench"
            print(upload(repository, files, said, private=private))
    if problems:
        raise typer.Exit(PROBLEM)


def _model(run: Path, settings: Settings, scratch: Path) -> list[Upload]:
    from cir_bench.hub.push import model_files

    context, registry = settings.context(), open_registry(settings)
    return model_files(chosen_cell(run, registry), scratch, registry, context.data_root, context.cache_dir)


def _leaderboard(records: Records, settings: Settings, scratch: Path) -> tuple[list[Upload], list[str]]:
    from cir_bench.hub.push import leaderboard_files

    stored, problems = read_records(records, open_registry(settings, quiet=True))
    if not stored:
        raise ConfigError("none of the records can be trusted, so there is nothing to send; run the cells again.")
    files, left_out = leaderboard_files(stored, scratch)
    for folder in left_out:
        print(f"cir-bench: {folder} is a quick look (--limit) and not sent.", file=sys.stderr)
    return files, problems


def _list(files: list[Upload], repository: Repository, *, dry_run: bool) -> None:
    sizes = [one.size for one in files]
    for line in columns((bytes_as_text(size), one.path) for size, one in zip(sizes, files, strict=True)):
        print(line)
    ending = "; nothing was sent" if dry_run else ""
    print(f"{len(files)} files, {bytes_as_text(sum(sizes))}, to {repository}{ending}.")
