"""Reading a checkpoint of CLIP: the state dict in it, wherever training code put it, and what else it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from cir_bench import DataError
from cir_bench.utils import read_weights

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
OPENAI_ONLY = ("input_resolution", "context_length", "vocab_size")
"""Entries that OpenAI's own state dicts have besides the weights."""
IDLE = ("logit_scale", "logit_bias", "text_decoder.", "attn_mask", *OPENAI_ONLY)
"""Entries that no feature depends on."""
SHOWN = 3
_DEPTH = 3
"""Dicts inside dicts that are searched."""


@dataclass(frozen=True)
class Found:
    """A state dict inside a checkpoint.

    Attributes:
        state: tensors by the model's names, without the entries that no feature depends on.
        place: where it was: ``'CLIP'``, ``'model' / entries module.*``; empty for the whole file.
    """

    state: Mapping[str, Tensor]
    place: str


def read_checkpoint(path: Path) -> Any:
    """The content of a file; nothing in it is executed. `DataError` if it cannot be read."""
    if not path.is_file():
        raise DataError(f"there is no checkpoint {path}; correct encoder.checkpoint.")
    if path.suffix not in SUFFIXES:
        raise DataError(f"the checkpoint {path} has none of the suffixes that can be loaded: {', '.join(SUFFIXES)}.")
    return read_weights(path)


def find_state(path: Path, content: Any, name: str, wanted: Mapping[str, Tensor]) -> Found:
    """The one state dict in ``content`` that has every weight of a model.

    Args:
        path: the file, for error messages.
        content: what was read from it.
        name: the model's name, for error messages.
        wanted: the model's own state dict.

    Raises:
        DataError: there is none, which the message explains, or there are several.
    """
    candidates = list(_candidates(content, wanted))
    fitting = [found for found in candidates if not _mistakes(found.state, wanted)]
    if len(fitting) == 1:
        return fitting[0]
    start = f"the checkpoint {path} cannot be loaded into {name}"
    if fitting:
        places = ", ".join(found.place or "the whole file" for found in fitting)
        raise DataError(f"{start}: it contains several sets of weights that fit ({places}); save the one you mean.")
    closest = max(candidates, key=lambda found: len(found.state.keys() & wanted.keys()), default=None)
    if closest is None:
        raise DataError(f"{start}: it contains none of its weights; at the top level it has {_top_level(content)}.")
    where = f" (in {closest.place})" if closest.place else ""
    raise DataError(f"{start}{where}: {'; '.join(_mistakes(closest.state, wanted))}.")


def first_line(error: Exception) -> str:
    """The first line of an error's message, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")


def _candidates(content: Any, wanted: Mapping[str, Tensor]) -> Iterator[Found]:
    """Every dict in ``content``, less every prefix, that has some of the wanted names."""
    names = {*wanted, *(name.removeprefix("text.") for name in wanted)}  # older files have the text tower at the top
    for keys, entries in _dicts(content, ()):
        tensors = {str(name): value for name, value in entries.items() if isinstance(value, Tensor)}
        for prefix in sorted({prefix for name in tensors for prefix in _prefixes(name, names)}):
            inner = {n.removeprefix(prefix): value for n, value in tensors.items() if n.startswith(prefix)}
            state = {n: value for n, value in inner.items() if not n.startswith(IDLE)}
            steps = [*map(repr, keys), *([f"entries {prefix}*"] if prefix else [])]
            yield Found(_converted(state, wanted), " / ".join(steps))


def is_openai(content: Any) -> bool:
    """Whether it is a file of OpenAI's own, with entries that other code does not write."""
    return any(
        set(OPENAI_ONLY) <= {str(name).rpartition(".")[2] for name in entries} for _, entries in _dicts(content, ())
    )


def _dicts(value: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[Any, Any]]]:
    if isinstance(value, Mapping) and len(keys) <= _DEPTH:
        if any(isinstance(entry, Tensor) for entry in value.values()):
            yield keys, value
        for key, entry in value.items():
            yield from _dicts(entry, (*keys, str(key)))


def _prefixes(name: str, wanted: set[str]) -> Iterator[str]:
    """``module.`` for ``module.visual.proj``: every prefix without which a name is one of the model's."""
    start = 0
    while start >= 0:
        if name[start:] in wanted:
            yield name[:start]
        start = name.find(".", start) + 1 or -1


def _converted(state: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """As open_clip converts older files: the text tower to its place, without what `transformers` no longer saves."""
    from open_clip.model import convert_to_custom_text_state_dict

    if "positional_embedding" not in wanted:
        state = convert_to_custom_text_state_dict(state)
    return {name: value for name, value in state.items() if name in wanted or not name.endswith(".position_ids")}


def _mistakes(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    """Which weights are missing, unexpected or of another shape; position embeddings can be interpolated."""
    shapes = [
        f"{name} is {_shape(state[name])} instead of {_shape(wanted[name])}"
        for name in wanted
        if name in state and state[name].shape != wanted[name].shape and not name.endswith("positional_embedding")
    ]
    found = (
        ("are missing", [name for name in wanted if name not in state]),
        ("are unexpected", [name for name in state if name not in wanted]),
        ("have another shape", shapes),
    )
    return [f"{len(names)} weights {what} ({_some(names)})" for what, names in found if names]


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _top_level(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"a {type(content).__name__}"
    return f"the keys {_some([f'{key!s:.40}' for key in content])}" if content else "nothing"
