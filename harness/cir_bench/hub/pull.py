"""Records of others, downloaded from a dataset repository: small files of known names, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cir_bench.bounded import MIB
from cir_bench.errors import DataError, printable
from cir_bench.hub.repository import RECORDS, Repository, client, explaining
from cir_bench.records import queries, record, tuning
from cir_bench.utils.files import inside

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LARGEST = {
    record.RECORD_FILE: record.MOST_BYTES,
    queries.QUERIES_FILE: queries.MOST_BYTES,
    tuning.TUNING_FILE: tuning.MOST_BYTES,
}
"""The files that are downloaded, by name, with the most bytes that each may have."""
MOST_FILES = 20_000
MOST_LISTED = 200_000
"""Files and folders below `RECORDS`, whatever they are."""
MOST_BYTES = 4096 * MIB
"""Of all files together."""
THREADS = 8
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def download_records(repository: Repository, cache_dir: Path) -> Path:
    """The folder of a repository's records below ``cache_dir``; files that are there already are not asked for again.

    Every commit has a folder of its own. What the records say is not checked here: `cir_bench.records.load` does that.

    Raises:
        ConfigError: there is no such repository or revision, no permission, or offline.
        DataError: the server cannot be reached, or the repository has no records, or more or larger files, or other
            names, than records can have.
    """
    with explaining(repository):
        api = client()
        commit = api.repo_info(repository.name, repo_type="dataset", revision=repository.revision).sha or ""
        if not _COMMIT.fullmatch(commit):
            raise DataError(f"{repository}: the server names no commit; run it again.")
        folder = cache_dir.absolute() / "hub" / repository.name.replace("/", "--") / commit
        paths = list(_small_files(api, repository, commit, folder))
        if not any(PurePosixPath(path).name == record.RECORD_FILE for path in paths):
            raise DataError(
                f"{repository} has no {RECORDS}/…/{record.RECORD_FILE}; "
                "name one that `cir-bench push leaderboard` made."
            )
        fetch = partial(api.hf_hub_download, repository.name, repo_type="dataset", revision=commit, local_dir=folder)
        with _without_bars(), ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(fetch, paths))
    return folder / RECORDS


def _small_files(api: HfApi, repository: Repository, commit: str, folder: Path) -> Iterator[str]:
    """The paths to download, each checked to stay inside ``folder``; their number and sizes are bounded."""
    from huggingface_hub.errors import EntryNotFoundError

    count = size = 0
    tree = api.list_repo_tree(repository.name, RECORDS, recursive=True, revision=commit, repo_type="dataset")
    try:
        for number, entry in enumerate(tree, 1):
            most = LARGEST.get(entry.path.rpartition("/")[2])
            bytes_of = getattr(entry, "size", None)  # a folder has none
            if number > MOST_LISTED:
                raise DataError(f"{repository} has more than {MOST_LISTED:,} files; it is not one of records.")
            if most is None or bytes_of is None:
                continue
            _check_path(repository, entry.path, folder)
            count, size = count + 1, size + bytes_of
            if bytes_of > most:
                raise DataError(
                    f"{repository} has {printable(entry.path)}, which is larger than {most // MIB} MiB; do without it."
                )
            if count > MOST_FILES or size > MOST_BYTES:
                raise DataError(
                    f"{repository} has more than {MOST_FILES:,} files of records or {MOST_BYTES // MIB:,} MiB of them; "
                    "download what you need yourself, and name the folder with --records."
                )
            yield entry.path
    except EntryNotFoundError:  # no such folder
        return


def _check_path(repository: Repository, path: str, folder: Path) -> None:
    """`DataError` if a path that the server named is not a plain one below `RECORDS` in ``folder``."""
    plain = PurePosixPath(path)
    strange = plain.as_posix() != path or ".." in plain.parts or "\\" in path or not path.isprintable()
    if strange or plain.parts[0] != RECORDS:
        raise DataError(f"{repository} has a file {printable(path)!r}, which is no path of a record; do without it.")
    inside(folder, path)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Thousands of small files need no progress bar each."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()
