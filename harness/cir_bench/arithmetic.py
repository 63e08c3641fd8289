"""How a GPU multiplies numbers in single precision: exactly rounded, or as TF32 with a mantissa of 10 bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch


def full_precision(device: torch.device) -> AbstractContextManager[None]:
    """A context without TF32: it would order scores that are apart, split scores that tie and change features."""
    return tf32(device, on=False)


def tf32(device: torch.device, *, on: bool) -> AbstractContextManager[None]:
    """Products and convolutions in single precision on a GPU use TF32 or not; nothing changes on other devices.

    By default torch uses it for convolutions and not for products.
    """
    return _on_gpu(on) if device.type == "cuda" else nullcontext()


@contextmanager
def _on_gpu(on: bool) -> Iterator[None]:
    with _products(on), _convolutions(on):
        yield


@contextmanager
def _products(on: bool) -> Iterator[None]:
    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # the caller set TF32 through the newer of torch's two interfaces; they must not be mixed
        with _newer(torch.backends.cuda.matmul, on):
            yield
        return
    try:
        torch.set_float32_matmul_precision("high" if on else "highest")
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def _convolutions(on: bool) -> Iterator[None]:
    cudnn: Any = torch.backends.cudnn
    try:
        before = cudnn.allow_tf32
    except RuntimeError:  # as for products
        with _newer(cudnn.conv, on), _newer(cudnn.rnn, on):
            yield
        return
    try:
        cudnn.allow_tf32 = on
        yield
    finally:
        cudnn.allow_tf32 = before


@contextmanager
def _newer(setting: Any, on: bool) -> Iterator[None]:
    before = setting.fp32_precision
    setting.fp32_precision = "tf32" if on else "ieee"
    try:
        yield
    finally:
        setting.fp32_precision = before
