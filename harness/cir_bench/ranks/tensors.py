"""Tensors of all ranks: rows gathered with gradient, gradients summed, weights compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from cir_bench.errors import RunError
from cir_bench.ranks.group import Ranks, lost

BUCKET_BYTES = 32 << 20
"""Gradients that are summed over the ranks in one operation."""


def gather_rows(ranks: Ranks, own: Tensor, counts: Sequence[int]) -> Tensor:
    """``[sum(counts), ...]``: the rows of all ranks; ``own`` are ``counts[ranks.number]`` of them.

    In the backward pass a rank takes the gradient of its own rows. Nothing is summed: every rank computes the same loss
    from all rows, so each has the whole gradient of each row already.
    """
    gathered: Tensor = _GatherRows.apply(own, ranks, tuple(counts))
    return gathered


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, ranks: Ranks, counts: Sequence[int]) -> Tensor:
        import torch.distributed as dist

        start = sum(counts[: ranks.number])
        ctx.rows = slice(start, start + len(own))
        padded = own.new_zeros(max(counts), *own.shape[1:])
        padded[: len(own)] = own
        sent = padded.reshape(-1).view(torch.uint8)  # as bytes: every backend knows them, whatever the dtype
        parts = [torch.empty_like(sent) for _ in counts]
        try:
            dist.all_gather(parts, sent)
        except RuntimeError as error:
            raise lost(error) from error
        rows = [part.view(own.dtype).view_as(padded)[:count] for part, count in zip(parts, counts, strict=True)]
        return torch.cat(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0][ctx.rows], None, None


def sum_over_ranks(tensor: Tensor) -> Tensor:
    """The sum of every rank's tensor, with gradient: whatever a rank's loss owes to the sum, it owes to all ranks."""
    summed: Tensor = _Sum.apply(tensor)
    return summed


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return _all_reduced(tensor.detach().clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _all_reduced(gradients[0].contiguous().clone())


@torch.no_grad()
def sum_gradients(ranks: Ranks, parameters: Sequence[nn.Parameter]) -> None:
    """Give every rank the sum of the ranks' gradients; a parameter has none if it has none on any rank."""
    if ranks.size == 1 or not parameters:
        return
    present = ranks.exchange([parameter.grad is not None for parameter in parameters])
    gradients: list[Tensor] = []
    for parameter, has in zip(parameters, zip(*present, strict=True), strict=True):
        if any(has):
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
    for bucket in _buckets(gradients):
        flat = _all_reduced(torch.cat([gradient.reshape(-1) for gradient in bucket]))
        for gradient, part in zip(bucket, torch.split(flat, [one.numel() for one in bucket]), strict=True):
            gradient.copy_(part.view_as(gradient))


def check_equal(ranks: Ranks, module: nn.Module, when: str) -> None:
    """RunError if the weights are not the same on every rank."""
    if ranks.size > 1 and len(set(ranks.exchange(_digest(module.state_dict())))) > 1:
        raise RunError(
            f"the processes of this run have different weights {when}: something in the method or its encoder depends "
            "on more than its input and torch's seeded generators; run it in one process."
        )


def _buckets(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """The tensors in order, those of one dtype that follow each other together up to a size."""
    found: list[list[Tensor]] = []
    for _, same in groupby(tensors, key=lambda tensor: tensor.dtype):
        room = 0
        for tensor in same:
            if tensor.nbytes > room:
                found.append([])
                room = BUCKET_BYTES
            found[-1].append(tensor)
            room -= tensor.nbytes
    return found


def _all_reduced(tensor: Tensor) -> Tensor:
    import torch.distributed as dist

    try:
        dist.all_reduce(tensor)
    except RuntimeError as error:
        raise lost(error) from error
    return tensor


def _digest(tensors: Mapping[str, Tensor]) -> str:
    sha256 = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        sha256.update(name.encode())
        sha256.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()
