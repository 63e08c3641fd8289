"""`RunRequest`: what to run or plan, from the options and a configuration file. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from cir_bench.params.models import Params
from cir_bench.params.precision import Precision

DEFAULT_BENCHMARK = "css"
"""The embedded benchmark: nothing to download."""
MAX_SEEDS = 1000
"""A larger number is a typing error."""


DecodeJpeg = Literal["pillow", "device"]
"""What decodes JPEG files: Pillow, or torchvision where a frozen encoder is."""


class RunRequest(Params):
    """The options of `run` and `plan`; the keys of a ``--config`` file are the same."""

    methods: tuple[str, ...] = ()
    """Names; every method when it is empty."""
    benchmarks: tuple[str, ...] = (DEFAULT_BENCHMARK,)
    """``NAME``, ``NAME/PROTOCOL``, ``NAME/PROTOCOL@VERSION``, ``folder:PATH``."""
    encoders: tuple[str, ...] = ()
    """``NAME`` or ``NAME:ARGUMENT``; when empty, the benchmark's default (paper track: the method's own)."""
    seeds: Annotated[int, Field(ge=1, le=MAX_SEEDS)] = 1
    """Seeds 0 … seeds-1."""
    track: Literal["controlled", "paper"] = "controlled"
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "float32"
    out: Path = Path("runs")
    data_root: Path | None = None
    allow_partial: bool = False
    decode_jpeg: DecodeJpeg = "pillow"
    """What decodes JPEG files of which features are extracted (`cir_bench.features.jpeg`)."""
    tuned: Path | None = None
    """A folder with choices of `cir-bench tune`, or one ``tuning.json``; cells they are of use them."""
    weights: tuple[str, ...] = ()
    """Files of published weights, ``METHOD=FILE`` (or ``FILE`` for the only method): these methods are not trained."""
    artefacts: tuple[str, ...] = ()
    """Files of texts made elsewhere, ``NAME=FILE``, for the methods that need such an artefact."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """A quick look: so many queries of each benchmark, little of everything else; never ranked. None: all queries."""
    settings: Mapping[str, Any] = {}
    """Nested parameters, as ``--set`` gives them: ``training.epochs``, ``encoder.image_size``,
    ``dataset.size``, or ``METHOD.training.lr`` for one method alone."""

    @field_validator("out", mode="before")
    @classmethod
    def _named(cls, out: Any) -> Any:
        if isinstance(out, str) and not out.strip():  # Path("") would be the current folder
            raise ValueError("name a folder, such as runs, or . for the current one")
        return out
