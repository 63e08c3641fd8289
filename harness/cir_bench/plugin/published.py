"""From the content of a published checkpoint to a method's weights, by the layout that its spec declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cir_bench.errors import DataError, examples, printable
from cir_bench.interfaces.method import Method
from cir_bench.interfaces.published import PublishedWeights

WRAPPERS = ("module.", "_orig_mod.")
"""What parallel and compiled modules put before all of their names."""
_LONGEST = 60


def load_content(method: Method, layout: PublishedWeights, content: Any, encoder: str) -> str:
    """Load the weights in ``content`` into a method, and return the key that they were under (empty: none).

    Args:
        method: the method.
        layout: the layout of its published weights.
        content: what the file holds.
        encoder: name of the encoder that the method was built for, for messages.

    Raises:
        DataError: why they cannot be loaded, as the end of a sentence.
        ValueError: the layout does not fit the method.
    """
    module = _module(method, layout)
    entry, tensors = _tensors(layout, content)
    converted = {name: tensor for name, tensor in tensors.items() if not layout.ignores(name)}
    if layout.convert is not None:
        converted = dict(layout.convert(converted))
    own = module.state_dict()
    if problems := [*_width(layout, tensors, own, encoder)] or _mistakes(layout, converted, own):
        where = f" (in {entry!r})" if entry else ""
        raise DataError(f"cannot be loaded{where}: {'; '.join(problems)}.")
    module.load_state_dict({layout.ours(name): tensor for name, tensor in converted.items()})
    return entry


def published_state(method: Method, layout: PublishedWeights) -> dict[str, Tensor]:
    """The state dict of a method's weights under their published names, as far as names say it (no ``convert``)."""
    return {layout.published(name): one for name, one in _module(method, layout).state_dict().items()}


def _module(method: Method, layout: PublishedWeights) -> nn.Module:
    """The submodule that the weights are for."""
    try:
        module = method.get_submodule(layout.module)
    except AttributeError as error:
        raise ValueError(f"published.module={layout.module!r}: it has no such submodule") from error
    inside = {id(parameter) for parameter in module.parameters()}
    outside = [name for name, parameter in method.composer.named_parameters() if id(parameter) not in inside]
    if outside:
        raise ValueError(f"published.module={layout.module!r} leaves out composer.{examples(outside)}")
    return module


def _tensors(layout: PublishedWeights, content: Any) -> tuple[str, dict[str, Tensor]]:
    """Where the state dict is, and the state dict without the names of wrappers."""
    entry, found = layout.entry, content
    if entry and isinstance(content, Mapping) and entry in content:
        found = content[entry]
    elif entry and not _is_state_dict(content):
        raise DataError(f"has no entry {entry!r}; at the top level it has {_top_level(content)}.")
    else:
        entry = ""
    if not _is_state_dict(found):
        what = f"its entry {entry!r}" if entry else "it"
        raise DataError(f"is not such a file: {what} is not a state dict but has {_top_level(found)}.")
    tensors = {str(name): tensor for name, tensor in found.items()}
    while prefix := next((one for one in WRAPPERS if all(name.startswith(one) for name in tensors)), None):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return entry, tensors


def _is_state_dict(content: Any) -> bool:
    return isinstance(content, Mapping) and bool(content) and all(isinstance(one, Tensor) for one in content.values())


def _width(
    layout: PublishedWeights, tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], encoder: str
) -> Sequence[str]:
    """The sentence for weights that were made for features of another width."""
    name, dimension = layout.width or ("", 0)
    theirs, ours = tensors.get(name), own.get(layout.ours(name))
    if theirs is None or ours is None or theirs.ndim != ours.ndim or theirs.shape[dimension] == ours.shape[dimension]:
        return ()
    width = theirs.shape[dimension]
    made_for = layout.encoders.get(width)
    remedy = f"use -e {made_for}" if made_for else "use an encoder of that width"
    return (
        f"its weights are for features of width {width}, and those of {encoder} have width {ours.shape[dimension]}; "
        f"{remedy}",
    )


def _mistakes(layout: PublishedWeights, found: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    """Which weights are missing, unexpected, of another shape or not finite, by their published names."""
    by_ours = {layout.ours(name): (name, tensor) for name, tensor in found.items()}
    shapes = [
        f"{name} is {_shape(tensor)} instead of {_shape(own[ours])}"
        for ours, (name, tensor) in by_ours.items()
        if ours in own and tensor.shape != own[ours].shape
    ]
    kinds = (
        ("missing", [layout.published(name) for name in own if name not in by_ours]),
        ("unexpected", [name for ours, (name, _) in by_ours.items() if ours not in own]),
        ("of another shape", shapes),
        ("not finite", [name for name, tensor in by_ours.values() if not bool(torch.isfinite(tensor).all())]),
    )
    counted = (
        (f"1 weight is {what}" if len(names) == 1 else f"{len(names)} weights are {what}", names)
        for what, names in kinds
    )
    return [f"{sentence} ({examples(names)})" for sentence, names in counted if names]


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"


def _top_level(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"a value of type {type(content).__name__}"
    return f"the keys {examples([printable(str(key))[:_LONGEST] for key in content], 6)}" if content else "nothing"
