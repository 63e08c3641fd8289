"""What the files of a saved model say of it, without loading it. Imports no torch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from cir_bench import Provides, levels
from cir_bench.utils import parse_json, read_bounded

PAIRS = frozenset({"image+text", "text+image", "message"})
"""Modalities in a saved configuration that let a model read an image and a text together."""
MOST_BYTES = 64 * 2**20
SETTINGS = ("*.json", "*.jinja", "*.txt", "*.model", "*/config.json")
"""Files that decide, beside the weights, what a model computes."""


def provides(params: Any) -> Provides:
    """Pooled features; of pairs, unless the model's files say that it reads none.

    Of a model that is not on this machine, this is not known before it is loaded.
    """
    folder = folder_of(params.model, params.revision)
    modalities = _modalities(folder) if folder else None
    joint = levels("pooled") if modalities is None or PAIRS & set(modalities) else levels()
    return Provides(image=levels("pooled"), text=levels("pooled"), joint=joint, same_width=True)


def folder_of(model: str, revision: str | None) -> Path | None:
    """Where the files of a model are: its folder, or the one in the hub's cache; None if it is not there."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(model, "config.json", revision=revision)
    except HFValidationError:  # not a name of the hub
        return None
    return Path(found).parent if isinstance(found, str) else None


def settings_digest(folder: Path) -> str:
    """Hex sha256 of the files of configuration, processor, tokenizer and chat template."""
    sha = hashlib.sha256()
    for path in sorted({path for pattern in SETTINGS for path in folder.glob(pattern) if path.is_file()}):
        content = hashlib.sha256(read_bounded(path, MOST_BYTES)).hexdigest()
        sha.update(f"{path.relative_to(folder).as_posix()}:{content}\n".encode())
    return sha.hexdigest()


def _modalities(folder: Path) -> list[str] | None:
    """The modalities that the first module was saved with; None if no file says them."""
    modules = _json(folder / "modules.json")
    path = modules[0].get("path", "") if isinstance(modules, list) and modules else ""
    config = _json(folder / str(path) / "sentence_bert_config.json")
    modalities = config.get("modality_config") if isinstance(config, dict) else None
    return list(modalities) if isinstance(modalities, dict) else None


def _json(path: Path) -> Any:
    try:
        return parse_json(read_bounded(path, MOST_BYTES))
    except (OSError, ValueError):  # loading says what is wrong with it
        return None
