"""Features of all ranks' items, from those that each encodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cir_bench.interfaces.features import Features
from cir_bench.ranks.group import Ranks
from cir_bench.ranks.tensors import gather_rows

PADDED = frozenset({"tokens", "mask"})
"""Levels whose rows have a length: each rank pads to its own longest text."""


class _Kind(NamedTuple):
    """What the others need to know of a tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    device: str
    requires_grad: bool


def gathered(ranks: Ranks, own: Features | None) -> Features:
    """The items of every rank in order, with gradient to the rank's ``own``; None: it has no item.

    At least one rank has items.
    """
    if ranks.size == 1:
        assert own is not None
        return own
    named = {} if own is None else _named(own)
    kinds = ranks.exchange({name: _kind(tensor) for name, tensor in named.items()})
    names = next(each for each in kinds if each)
    return _features({name: _rows(ranks, named.get(name), name, kinds) for name in names})


def _rows(ranks: Ranks, own: Tensor | None, name: str, kinds: Sequence[Mapping[str, _Kind]]) -> Tensor:
    present = [each[name] for each in kinds if each]
    counts = [each[name].shape[0] if each else 0 for each in kinds]
    if own is None:
        kind = present[0]
        own = torch.zeros(0, *kind.shape[1:], dtype=kind.dtype, device=kind.device, requires_grad=kind.requires_grad)
    if name.rpartition("/")[2] in PADDED:
        longest = max(kind.shape[1] for kind in present)
        own = torch.nn.functional.pad(own, [0, 0] * (own.ndim - 2) + [0, longest - own.shape[1]])
    return gather_rows(ranks, own, counts)


def _kind(tensor: Tensor) -> _Kind:
    return _Kind(tuple(tensor.shape), tensor.dtype, tensor.device.type, tensor.requires_grad)


def _named(features: Features) -> dict[str, Tensor]:
    """Every tensor, those of a branch as ``branch/name``."""
    own = features.tensors()
    return own | {
        f"{branch}/{name}": tensor
        for branch, part in features.branches.items()
        for name, tensor in _named(part).items()
    }


def _features(named: Mapping[str, Tensor]) -> Features:
    """The inverse of `_named`."""
    branches = {name.partition("/")[0] for name in named if "/" in name}
    return Features.from_tensors(
        {name: tensor for name, tensor in named.items() if "/" not in name},
        {
            branch: _features(
                {name.partition("/")[2]: tensor for name, tensor in named.items() if name.startswith(f"{branch}/")}
            )
            for branch in sorted(branches)
        },
    )
