"""What is sent to a repository: the folder of an exported model, or records with their leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.hub.repository import RECORDS, Repository, client, explaining
from cir_bench.leaderboards import LEADERBOARD_FILE, build, pack, render, write_text
from cir_bench.plugin.registry import Registry
from cir_bench.records.load import StoredRecord


@dataclass(frozen=True)
class Upload:
    """A file of this machine, and its path in the repository."""

    path: str
    file: Path

    @property
    def size(self) -> int:
        """In bytes."""
        return self.file.stat().st_size


def model_files(run: Path, scratch: Path, registry: Registry, data_root: Path | None, cache_dir: Path) -> list[Upload]:
    """Weights, settings and card of an exported model; a finished cell is first exported into ``scratch``.

    Raises:
        CirBenchError: ``run`` is neither, a file of it is damaged or missing, or as of `cir_bench.search.load.export`.
    """
    from cir_bench.search.folder import CARD_FILE, MODEL_FILE, WEIGHTS_FILE, read_model  # loads torch
    from cir_bench.search.load import export

    folder = run
    if (run / MODEL_FILE).is_file():
        read_model(run)
    else:
        folder = scratch / "model"
        export(run, folder, registry, data_root, cache_dir)
    if not (folder / CARD_FILE).is_file():
        raise ConfigError(f"{folder} has no {CARD_FILE}, the model's card; export the model again.")
    return [Upload(name, folder / name) for name in (CARD_FILE, MODEL_FILE, WEIGHTS_FILE)]


def leaderboard_files(stored: Sequence[StoredRecord], scratch: Path) -> tuple[list[Upload], list[Path]]:
    """Packed records and their leaderboard, written into ``scratch``; and the folders of quick looks, not among them.

    Raises:
        ConfigError: there are only quick looks, or two records have the same path below their ``--records``.
    """
    left_out = pack(stored, scratch / RECORDS)
    sent = [one for one in stored if one.record.limit is None]
    if not sent:
        raise ConfigError("all records are quick looks (--limit), which are not sent; run the cells without it.")
    write_text(render(build(sent)), scratch / LEADERBOARD_FILE)
    files = sorted(path for path in scratch.rglob("*") if path.is_file())
    return [Upload(path.relative_to(scratch).as_posix(), path) for path in files], left_out


def upload(repository: Repository, files: Sequence[Upload], message: str, *, private: bool) -> str:
    """Send files as one commit, to a repository that is made if it does not exist; the address of the commit.

    Other files of the repository stay.

    Raises:
        ConfigError: no permission, offline, or ``private`` is asked of a repository that is public.
        DataError: the server cannot be reached, or refuses.
    """
    from huggingface_hub import CommitOperationAdd

    with explaining(repository):
        api = client()
        api.create_repo(repository.name, repo_type=repository.kind, private=private or None, exist_ok=True)
        if private and not api.repo_info(repository.name, repo_type=repository.kind).private:
            raise ConfigError(
                f"{repository} exists and is public, so nothing was sent; leave out --private, or name another."
            )
        commit = api.create_commit(
            repository.name,
            [CommitOperationAdd(one.path, one.file) for one in files],
            commit_message=message,
            repo_type=repository.kind,
        )
    return str(commit.commit_url)
