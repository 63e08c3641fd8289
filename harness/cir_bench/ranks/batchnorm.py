"""Batch norm over the rows of all ranks, as one process computes it; on every device, unlike torch's SyncBatchNorm."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cir_bench.errors import RunError
from cir_bench.ranks.group import Ranks
from cir_bench.ranks.tensors import sum_over_ranks

KNOWN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def share_batch_norm(ranks: Ranks, module: nn.Module) -> None:
    """Make the batch norms within compute their statistics over all ranks, while they are in training mode.

    Modules, parameters and names in the state dict stay the same. RunError for a kind of batch norm that is not known.
    """
    if ranks.size == 1:
        return
    for name, norm in module.named_modules():
        if isinstance(norm, _BatchNorm):
            if type(norm) not in KNOWN:
                raise RunError(
                    f"{name} is a {type(norm).__name__}, whose statistics cannot be shared between processes; "
                    "set training.encoder_eval=true, or run in one process."
                )
            norm.forward = partial(_normalised, norm)  # type: ignore[method-assign]  # on this module alone


def _normalised(norm: _BatchNorm, x: Tensor) -> Tensor:
    if not norm.training:
        return type(norm).forward(norm, x)
    numbers = x.to(torch.promote_types(x.dtype, torch.float32))
    others = [axis for axis in range(x.ndim) if axis != 1]
    by_channel = [1, -1, *[1] * (x.ndim - 2)]
    own = numbers.new_tensor([numbers.numel() / numbers.shape[1]])
    sums, count = torch.split(sum_over_ranks(torch.cat([numbers.sum(others), own])), [numbers.shape[1], 1])
    mean = sums / count
    centred = numbers - mean.view(by_channel)
    variance = sum_over_ranks(centred.square().sum(others)) / count
    _track(norm, mean.detach(), (variance * count / (count - 1)).detach())
    out = centred * torch.rsqrt(variance + norm.eps).view(by_channel)
    if norm.affine:
        out = out * norm.weight.view(by_channel) + norm.bias.view(by_channel)
    result: Tensor = out.to(x.dtype)
    return result


@torch.no_grad()
def _track(norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """Update the running statistics."""
    if norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
        return
    norm.num_batches_tracked += 1
    rate = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), rate)
    norm.running_var.lerp_(variance.to(norm.running_var.dtype), rate)
