"""A repository on the Hub: its name, a client that reaches it, and what goes wrong as one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cir_bench.errors import DISK_FULL, CirBenchError, ConfigError, DataError, printable
from cir_bench.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import HfApi

PREFIX = "hf:"
RECORDS = "records"
"""The folder of a dataset repository that has the records."""
Kind = Literal["model", "dataset"]
_PART = r"\w(?:[\w.-]{0,94}\w)?"
_NAME = re.compile(rf"{_PART}/{_PART}", re.ASCII)
_REVISION = re.compile(r"[^\s@]{1,200}")
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


@dataclass(frozen=True)
class Repository:
    """A repository ``OWNER/NAME``; without a ``revision`` its main branch."""

    name: str
    kind: Kind
    revision: str | None = None

    def __str__(self) -> str:
        return f"the {self.kind} repository {self.name}" + (f" at {self.revision}" if self.revision else "")


def repository_to_push(text: str, kind: Kind) -> Repository:
    """The repository of ``--to``: ``OWNER/NAME``, with ``hf:`` before it or without.

    Raises:
        ConfigError: it is no such name.
    """
    return Repository(_checked(text.removeprefix(PREFIX), f"--to {text}", "OWNER/NAME"), kind)


def repository_to_read(text: str) -> Repository:
    """The dataset repository of ``--from``: ``hf:OWNER/NAME``, with ``@REVISION`` after it or without.

    Raises:
        ConfigError: it is no such name.
    """
    form = f"{PREFIX}OWNER/NAME or {PREFIX}OWNER/NAME@REVISION"
    if not text.startswith(PREFIX):
        raise ConfigError(f"--from {text}: write it as {form}; folders on this machine are named with --records.")
    name, at, revision = text.removeprefix(PREFIX).partition("@")
    if at and not _REVISION.fullmatch(revision):
        raise ConfigError(f"--from {text}: after the @ comes a branch, a tag or a commit; write {form}.")
    return Repository(_checked(name, f"--from {text}", form), "dataset", revision or None)


def _checked(name: str, given: str, form: str) -> str:
    """As the Hub allows it: letters, digits, ``-``, ``_`` and ``.``, no ``--`` or ``..``, no ``.git`` at the end."""
    if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise ConfigError(f"{given} is not a name that a repository on the Hugging Face Hub can have; write {form}.")
    return name


def client() -> HfApi:
    """A client of the Hub (or of the server that ``HF_ENDPOINT`` names) with the token of the user, if there is one."""
    from huggingface_hub import HfApi, constants, errors

    if constants.HF_HUB_OFFLINE:  # older versions heed it only in a new session
        raise errors.OfflineModeIsEnabled
    return HfApi(library_name="cir-bench", library_version=__version__)


@contextmanager
def explaining(repository: Repository) -> Iterator[None]:
    """Turn what ``huggingface_hub`` raises into a sentence: `ConfigError` for the user's to mend, else `DataError`."""
    from huggingface_hub import errors

    transport: Any = errors.HfHubHTTPError.__mro__[1]  # of requests, httpx or httpx2: as the version of the library is
    try:
        yield
    except CirBenchError:
        raise
    except errors.OfflineModeIsEnabled as error:
        raise ConfigError(f"HF_HUB_OFFLINE is set, so {repository} cannot be reached; unset it.") from error
    except errors.RevisionNotFoundError as error:
        raise ConfigError(f"{repository} does not exist: there is no such branch, tag or commit.") from error
    except errors.GatedRepoError as error:
        raise ConfigError(f"{repository} is gated; ask for access on its page, and {LOG_IN}.") from error
    except errors.RepositoryNotFoundError as error:
        raise ConfigError(
            f"{repository} does not exist, or you may not see it; correct the name, or {LOG_IN}."
        ) from error
    except errors.HfHubHTTPError as error:
        raise _refused(repository, error) from error
    except (OSError, transport) as error:
        if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_FULL):
            raise  # of a file on this machine
        reason = printable(str(error).partition("\n")[0]) or type(error).__name__
        raise DataError(f"{repository} cannot be reached ({reason}); check the network, then run it again.") from error


def _refused(repository: Repository, error: Any) -> CirBenchError:
    status = getattr(error.response, "status_code", None)
    said = printable(error.server_message or "").rstrip(".")
    reason = f"{status}{f': {said}' if said else ''}"
    if status in {401, 403}:
        return ConfigError(
            f"you have no permission for this in {repository} ({reason}); {LOG_IN} to a token that may do it."
        )
    return DataError(f"{repository}: the server answers {reason}; correct what it names, or try again later.")
