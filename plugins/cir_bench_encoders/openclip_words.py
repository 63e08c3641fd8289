"""Pseudo-words in open_clip's text towers: token rows with a place for the word, and its vector put there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor, nn

from cir_bench import ConfigError


def token_embedding(tower: Any, tokenizer: Any) -> nn.Embedding | None:
    """The layer that a pseudo-word replaces a row of; None for towers and tokenizers of another kind than CLIP's."""
    words = getattr(tower, "token_embedding", None)
    return words if isinstance(words, nn.Embedding) and isinstance(tokenizer, SimpleTokenizer) else None


def token_rows(
    tokenizer: SimpleTokenizer, templates: Sequence[Sequence[str]], captions: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Token numbers ``[B, L]`` of the parts of B templates with their captions, and where the pseudo-words are.

    The latter is ``[B, L]`` bool. What is too long is taken from the end of the caption.
    """
    length = tokenizer.context_length or 0
    ids = torch.zeros(len(captions), length, dtype=torch.long)
    at_word = torch.zeros(len(captions), length, dtype=torch.bool)
    for row, parts in enumerate(templates):
        own = {part: tokenizer.encode(part) for part in parts if part not in ("$", "{text}")}
        # any number that is neither padding nor the end token: its embedding is replaced
        own["$"] = [tokenizer.sot_token_id]
        room = length - 2 - sum(len(own[part]) for part in parts if part != "{text}")
        if room < 0:
            raise ConfigError(
                f"the template {' '.join(parts)!r} has {length - room} tokens, but this text tower reads {length}; "
                "shorten it."
            )
        tokens = [tokenizer.sot_token_id]
        for part in parts:
            if part == "$":
                at_word[row, len(tokens)] = True
            tokens += tokenizer.encode(captions[row])[:room] if part == "{text}" else own[part]
        tokens.append(tokenizer.eot_token_id)
        ids[row, : len(tokens)] = torch.tensor(tokens)
    return ids, at_word


@contextmanager
def words_replaced(words: nn.Embedding, at_word: Tensor, vectors: Tensor) -> Iterator[None]:
    """Within it, the embedding gives row i the vector ``vectors[i]`` wherever ``at_word[i]`` is true."""

    def replace(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        return torch.where(at_word.to(output.device)[..., None], vectors[:, None].to(output), output)

    handle = words.register_forward_hook(replace)
    try:
        yield
    finally:
        handle.remove()
