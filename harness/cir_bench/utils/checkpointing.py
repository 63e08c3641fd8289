"""Gradient checkpointing: activations within a block are computed again in the backward pass instead of being kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cir_bench.errors import RunError


def recompute_blocks(module: nn.Module, on: bool = True) -> int:
    """Switch recomputation of every block of ``module`` on or off (see :func:`recompute`); return how many it has.

    A block is an element of a `Sequential` or `ModuleList` that has parameters and submodules, but no further blocks: a
    residual block of a ResNet, a layer of a transformer.
    """
    found = _blocks(module, listed=False)
    for block in found:
        recompute(block, on)
    return len(found)


def recompute(module: nn.Module, on: bool = True, *, method: str = "forward") -> None:
    """Keep only the inputs of a method of ``module`` and compute the rest again for gradients, or stop doing so.

    Gradients are the same: random choices (dropout) and autocast are those of the first pass. So is the state: the
    second pass works on copies of the module's buffers, so that a batch counts once in batch norm's running statistics.
    Parameter names do not change.

    Raises:
        RunError: in the forward pass, if the method changes its input in place.
    """
    present = vars(module).get(method)
    if on and not isinstance(present, _Recomputed):
        vars(module)[method] = _Recomputed(module, method)
    elif not on and isinstance(present, _Recomputed):
        del vars(module)[method]  # uncovers the method of the class


class _Recomputed:
    """Replaces a method of a module; a class, not a closure, so that the module can be copied and pickled."""

    def __init__(self, module: nn.Module, method: str) -> None:
        self._module, self._method = module, method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return self._run(*args, **kwargs)
        inputs = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        versions = [tensor._version for tensor in inputs]
        result = checkpoint(self._run, *args, use_reentrant=False, context_fn=self._contexts, **kwargs)
        if versions != [tensor._version for tensor in inputs]:
            raise RunError(
                f"gradient checkpointing cannot compute {type(self._module).__name__}.{self._method} again, because it "
                "changes its input in place; leave gradient_checkpointing off for this encoder."
            )
        return result

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(type(self._module), self._method)(self._module, *args, **kwargs)

    def _contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _on_copies_of_buffers(self._module)


@contextmanager
def _on_copies_of_buffers(module: nn.Module) -> Iterator[None]:
    buffers = [
        (owner, name, buffer)
        for owner in module.modules()
        for name, buffer in owner.named_buffers(recurse=False, remove_duplicate=False)
    ]
    for owner, name, buffer in buffers:
        setattr(owner, name, buffer.clone())
    try:
        yield
    finally:
        for owner, name, buffer in buffers:
            setattr(owner, name, buffer)


def _blocks(module: nn.Module, *, listed: bool) -> list[nn.Module]:
    """The blocks within ``module``, or itself if it is one; ``listed``: it is an element of a list."""
    is_list = isinstance(module, nn.Sequential | nn.ModuleList)
    inner = [block for child in module.children() for block in _blocks(child, listed=is_list)]
    is_block = (
        listed
        and not is_list
        and not isinstance(module, nn.modules.batchnorm._BatchNorm)  # timm's has its activation as a child
        and any(True for _ in module.children())
        and any(True for _ in module.parameters())
    )
    return inner or [module] * is_block
