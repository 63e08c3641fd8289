"""A GPU without a GPU: modules and their inputs as torch's fake tensors on the device ``cuda``.

Fake tensors have shapes, types and devices, but no values. An operation on two devices raises as it would on a GPU: a
tensor made on the CPU in the middle of a computation, a tensor of a module that is neither parameter nor buffer. What
they cannot show: results, the backward pass, kernels that do not exist on a GPU, an index on the CPU, which is allowed,
and whatever comes after code that reads a value (``int(tensor)``, ``if tensor``, a boolean index).
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode, ShapeEnv

from cir_bench.interfaces.features import Features
from cir_bench.interfaces.method import TrainBatch
from cir_bench.testing.features import FeatureGallery, require_gradients

DEVICE = torch.device("cuda")
TORCH = Path(torch.__file__).parent
READS_VALUES = (DataDependentOutputException, DynamicOutputShapeException, GuardOnDataDependentSymNode)


class PretendGpu:
    """Moves modules and tensors to the fake device."""

    def __init__(self, mode: FakeTensorMode) -> None:
        self._mode = mode

    def tensor(self, tensor: Tensor) -> Tensor:
        """A fake tensor on the device."""
        moved: Tensor = self._mode.from_tensor(tensor.detach()).to(DEVICE)
        return moved

    def features(self, features: Features) -> Features:
        """Fake features on the device."""
        tensors = {name: self.tensor(tensor) for name, tensor in features.tensors().items()}
        branches = {name: self.features(one) for name, one in features.branches.items()}
        return Features.from_tensors(tensors, branches, features.texts)

    def batch(self, batch: TrainBatch) -> TrainBatch:
        """A fake batch on the device, with gradients, as when the encoder is trained."""
        every = batch.gallery
        gallery = every and FeatureGallery(
            self.features(every.features(torch.arange(len(every)))), every.reference, every.target
        )
        return TrainBatch(
            self._leaves(batch.reference),
            self._leaves(batch.text),
            self._leaves(batch.target),
            self.tensor(batch.same_target),
            batch.side_text and self._leaves(batch.side_text),
            None if batch.described is None else self.tensor(batch.described),
            gallery=gallery,
        )

    def _leaves(self, features: Features) -> Features:
        moved = self.features(features)
        require_gradients(moved)
        return moved

    def module(self, module: nn.Module) -> None:
        """Move parameters and buffers, as ``module.to(device)`` does, and nothing else."""
        for part in module.modules():
            for name, parameter in part.named_parameters(recurse=False):
                setattr(part, name, nn.Parameter(self.tensor(parameter), requires_grad=parameter.requires_grad))
            for name, buffer in part.named_buffers(recurse=False):
                setattr(part, name, self.tensor(buffer))


@contextmanager
def pretend_gpu() -> Iterator[PretendGpu]:
    """Every tensor made inside is fake; a module moved inside is of no use afterwards."""
    with _quiet(), FakeTensorMode(allow_non_fake_inputs=True, shape_env=ShapeEnv()) as mode:
        try:
            yield PretendGpu(mode)
        except READS_VALUES as error:
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in frames if not Path(frame.filename).is_relative_to(TORCH)]
            where = f"{Path(own[-1].filename).name}:{own[-1].lineno}: {own[-1].line}"
            pytest.skip(f"it reads values of tensors, so it cannot be followed without any ({where})")


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch does not log the traceback of an error that it raises, too."""
    logger = logging.getLogger(FakeTensorMode.__module__)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def assert_on_gpu(what: str, compute: Callable[[], dict[str, Tensor]]) -> None:
    """The tensors that are computed lie on the device; two devices in one operation are told as what they are."""
    try:
        tensors = compute()
    except RuntimeError as error:
        if "device" not in str(error):
            raise
        raise AssertionError(f"{what}: on a GPU, this would mix devices: {str(error).partition(chr(10))[0]}") from error
    elsewhere = {name: str(tensor.device) for name, tensor in tensors.items() if tensor.device.type != DEVICE.type}
    assert not elsewhere, f"{what}: the inputs are on {DEVICE}, but these tensors are not: {elsewhere}"
