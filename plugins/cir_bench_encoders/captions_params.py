"""Parameters of the encoder ``captions``. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from cir_bench import Params

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


class CaptionsParams(Params):
    """``captions`` or ``captions:PATH`` with a caption file or a folder of them."""

    argument: ClassVar[str | None] = "path"

    path: Path | None = None
    """A JSON file {image id: caption}, or a folder of them; by default ``<data root>/image_captions/<data set>/``."""
    model: str = MINILM
    """A sentence-transformers model, by name or by the path of its folder."""
    normalise: bool = True
    """Keep the L2 norm that a model such as MiniLM ends with; false gives the pooled vector before it."""
