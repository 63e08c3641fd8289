"""Fake tensors tell an error once."""

from __future__ import annotations

import logging

import pytest

torch = pytest.importorskip("torch")


def test_an_error_that_is_raised_is_not_logged_with_its_traceback_too() -> None:
    from cir_bench.testing.devices import pretend_gpu

    logged: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = logged.append
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    logger.addHandler(handler)
    try:
        with pytest.raises(RuntimeError, match="reduction dim"), pretend_gpu() as gpu:
            gpu.tensor(torch.ones(2, 3)) @ gpu.tensor(torch.ones(2, 3))
    finally:
        logger.removeHandler(handler)
    assert logged == []
