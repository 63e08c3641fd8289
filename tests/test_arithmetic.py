"""TF32 is used where it is asked for and nowhere else. The settings exist on every machine; only a GPU minds them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from cir_bench.arithmetic import full_precision, tf32

GPU = torch.device("cuda")
NEWER = pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="this torch has the older settings alone"
)


def of_products() -> str:
    return torch.get_float32_matmul_precision()


@pytest.fixture
def newer_settings() -> Iterator[list[object]]:
    """The settings of torch's newer interface, all on TF32; the defaults afterwards."""
    settings = [torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn]
    before = [setting.fp32_precision for setting in settings]
    for setting in settings:
        setting.fp32_precision = "tf32"
    yield settings
    for setting, value in zip(settings, before, strict=True):
        setting.fp32_precision = value


@pytest.mark.parametrize("around", ["high", "highest"])
def test_inside_the_context_it_is_as_asked_and_outside_as_before(around: str) -> None:
    convolutions = torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision(around)
    try:
        with tf32(GPU, on=True):
            assert (of_products(), torch.backends.cudnn.allow_tf32) == ("high", True)
            with full_precision(GPU):
                assert (of_products(), torch.backends.cudnn.allow_tf32) == ("highest", False)
            assert (of_products(), torch.backends.cudnn.allow_tf32) == ("high", True)
        assert (of_products(), torch.backends.cudnn.allow_tf32) == (around, convolutions)
    finally:
        torch.set_float32_matmul_precision("highest")


@NEWER
def test_settings_of_the_newer_interface_are_restored_too(newer_settings: list[object]) -> None:
    with full_precision(GPU):
        assert "tf32" not in {setting.fp32_precision for setting in newer_settings}
    assert {setting.fp32_precision for setting in newer_settings} == {"tf32"}


def test_nothing_is_set_for_another_device() -> None:
    with full_precision(torch.device("cpu")):
        assert torch.backends.cudnn.allow_tf32
