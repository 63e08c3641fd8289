"""Inputs as a multimodal model reads them: prepared with a prompt, measured, and cut where they are too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

UNLIMITED = 10**9


def prepared(model: Any, inputs: Sequence[Mapping[str, Any]], prompt: str, task: str) -> dict[str, Any]:
    """What the model's forward pass takes for these inputs."""
    features: dict[str, Any] = model.preprocess(list(inputs), prompt=prompt or None, task=task)
    return features


def reads_prompt(model: Any, one: Mapping[str, Any], prompt: str, task: str) -> bool:
    """Whether a prompt changes how this input is read; models without a chat template ignore it on all but texts."""
    bare, with_prompt = (prepared(model, [one], words, task) for words in ("", prompt))
    return not all(
        _same(with_prompt[name], value) for name, value in bare.items() if isinstance(value, Tensor)
    ) or lengths(bare) != lengths(with_prompt)


def too_long(model: Any, inputs: Sequence[Mapping[str, Any]], prompt: str, task: str) -> list[bool]:
    """Of each input, whether it has more tokens than the model reads."""
    limit = model.max_seq_length
    if limit is None:
        return [False] * len(inputs)
    with _unlimited(model):
        return [length > limit for one in inputs for length in lengths(prepared(model, [one], prompt, task))]


def lengths(features: Mapping[str, Any]) -> list[int]:
    """Tokens of each input; empty where there are none, as of images before a CLIP."""
    mask = features.get("attention_mask")
    return [] if mask is None else [int(length) for length in mask.sum(dim=1)]


@contextmanager
def _unlimited(model: Any) -> Iterator[None]:
    limit = model.max_seq_length
    model.max_seq_length = UNLIMITED
    try:
        yield
    finally:
        model.max_seq_length = limit


def _same(one: Any, other: Tensor) -> bool:
    return isinstance(one, Tensor) and one.shape == other.shape and torch.equal(one, other)
