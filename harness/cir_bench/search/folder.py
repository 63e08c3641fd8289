"""A model as a folder: weights as safetensors, everything else as JSON, and a model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from cir_bench.atomic import replacing_folder
from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import ConfigError, DataError, unwritable
from cir_bench.records.models import RecordModel
from cir_bench.records.record import RunRecord, mistakes_of
from cir_bench.runs.cell import Cell
from cir_bench.seals import check_json, file_digest, seal_json
from cir_bench.search.card import model_card
from cir_bench.search.model import Model
from cir_bench.search.sentence import sentence_note
from cir_bench.search.weights import save_weights
from cir_bench.utils.weights import read_weights
from cir_bench.version import __version__

MODEL_FILE = "model.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"
MOST_BYTES = 512 * MIB
"""Of ``model.json``, which may have the vocabulary of an encoder."""


class ModelFile(RecordModel):
    """``model.json``; its last key is the digest of the others (`cir_bench.seals`)."""

    format: Literal[1] = 1
    cir_bench: str
    """The version that wrote it."""
    weights_sha256: str
    """Of the file of weights."""
    protocol: dict[str, Any]
    """The whole protocol of the metrics."""
    fitted: dict[str, Any] = Field(default_factory=dict)
    """What the encoder was fitted to, such as a vocabulary."""
    record: RunRecord
    """Method, encoder with digests, resolved parameters, metrics and code digests."""


def write_model(model: Model, cell: Cell, folder: Path) -> None:
    """Write the model of ``cell`` into ``folder``, which is new or empty, whole or not at all.

    Raises:
        ConfigError: there is something in ``folder``.
        StorageError: it cannot be written.
    """
    refuse_used(folder)
    try:
        with replacing_folder(folder) as temporary:
            save_weights(model.weights, temporary / WEIGHTS_FILE)
            content = ModelFile(
                cir_bench=__version__,
                weights_sha256=file_digest(temporary / WEIGHTS_FILE),
                protocol=cell.protocol.model_dump(mode="json"),
                fitted=dict(model.fitted),
                record=model.record,
            )
            text = json.dumps(seal_json(content.model_dump_json()), indent=1, ensure_ascii=False)
            (temporary / MODEL_FILE).write_text(text + "\n", encoding="utf-8")
            card = model_card(model.record, cell.protocol, sentence_note(cell))
            (temporary / CARD_FILE).write_text(card, encoding="utf-8")
    except OSError as error:
        raise unwritable(f"the model folder {folder}", error) from error


def refuse_used(folder: Path) -> None:
    """`ConfigError` if there is something in ``folder``."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists and is not an empty folder; name a new one.")


def read_model(folder: Path) -> Model:
    """Read what `write_model` wrote; `DataError` if a file is missing or damaged."""
    path, weights = folder / MODEL_FILE, folder / WEIGHTS_FILE
    try:
        content = read_bounded(path, MOST_BYTES)
        parsed = parse_json(content)
        model = ModelFile.model_validate_json(content)
        check_json(parsed)
    except (OSError, ValueError) as error:  # a wrong encoding or a ValidationError is a ValueError
        reason = mistakes_of(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise DataError(f"{path} is not a readable model ({reason}); export it again.") from error
    try:
        digest = file_digest(weights)
    except OSError as error:
        raise DataError(f"{weights} cannot be read ({error.strerror or error}); export the model again.") from error
    if digest != model.weights_sha256:
        raise DataError(f"{weights} is damaged, or not the file that was exported; export the model again.")
    return Model(model.record, read_weights(weights), model.fitted)
