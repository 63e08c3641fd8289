"""JSON files with a digest of their own, and digests of files that are too large to be read when they are opened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError

from cir_bench.atomic import replacing
from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import DataError
from cir_bench.records.models import RecordModel
from cir_bench.records.record import mistakes_of
from cir_bench.seals import check_json, file_digest, seal_json

M = TypeVar("M", bound=RecordModel)
MOST_BYTES = 4096 * MIB
STATE = "state.json"
AGAIN = "run `cir-bench index PHOTOS --out INDEX` again; embeddings that are there are kept"


def read_sealed(path: Path, model: type[M], remedy: str = AGAIN) -> M | None:
    """A file that `write_sealed` wrote; None if there is none, `DataError` with the remedy if it is damaged."""
    try:
        content = read_bounded(path, MOST_BYTES)
        parsed = parse_json(content)
        found = model.model_validate_json(content)
        check_json(parsed)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = mistakes_of(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise DataError(f"{path} is not a readable index ({reason}); {remedy}.") from error
    return found


def write_sealed(path: Path, content: RecordModel) -> None:
    """Replace a JSON file; `OSError` if it cannot be written."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(seal_json(content.model_dump_json()), indent=0), encoding="utf-8")


class FileSeal(RecordModel):
    """A file as it was when it was written."""

    bytes: int
    modified: int
    """In nanoseconds."""
    sha256: str


class State(RecordModel):
    """``state.json`` of a folder that is written whole."""

    format: Literal[1] = 1
    seals: dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], FileSeal]
    """Of its other files."""


def seal(paths: Iterable[Path]) -> dict[str, FileSeal]:
    """The seals of some files of one folder by name; `OSError` if one cannot be read."""
    return {path.name: FileSeal(**_state(path), sha256=file_digest(path)) for path in paths}


def damaged(folder: Path, seals: Mapping[str, FileSeal]) -> str:
    """What is wrong with the files of a folder, or nothing. One whose size and time are as they were is not read."""
    for name, seal in seals.items():
        try:
            state = _state(folder / name)
            if state["bytes"] != seal.bytes:
                return f"{name} has {state['bytes']} bytes instead of {seal.bytes}"
            if state["modified"] != seal.modified and file_digest(folder / name) != seal.sha256:
                return f"{name} was changed or damaged"
        except OSError as error:
            return f"{name} cannot be read ({error.strerror or error})"
    return ""


def _state(path: Path) -> dict[str, int]:
    state = path.stat()
    return {"bytes": state.st_size, "modified": state.st_mtime_ns}
