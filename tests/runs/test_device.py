"""What a record says of the machine: enough to tell two of one architecture apart."""

import os

import pytest
import torch

from cir_bench.errors import ConfigError
from cir_bench.runs import device, machine


def test_a_processor_is_named_by_its_model_and_number(monkeypatch, tmp_path):
    facts = tmp_path / "cpuinfo"
    facts.write_text("processor\t: 0\nmodel name\t: Some  CPU 9000\nprocessor\t: 1\nmodel name\t: Some  CPU 9000\n")
    monkeypatch.setattr(machine, "CPU_FACTS", facts)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert device.environment(torch.device("cpu"), "float32").device == "cpu (Some CPU 9000, 2 cores)"


def test_one_that_has_no_name_is_known_by_its_architecture(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CPU_FACTS", tmp_path / "missing")
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert device.processor() == "arm64, 1 core"
    (tmp_path / "empty").write_text("Features : fp asimd\n")
    monkeypatch.setattr(machine, "CPU_FACTS", tmp_path / "empty")
    assert device.processor() == "arm64, 1 core"


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    assert device.choose_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.choose_device("auto") == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert device.choose_device("auto", precision="tf32") == torch.device("cuda")


@pytest.mark.parametrize(
    ("name", "precision", "message"),
    [
        ("tpu", "float32", "there is no such device; use auto, cpu, cuda, mps"),
        ("meta", "float32", "does not support it; use auto, cpu, cuda, mps"),
        ("mps", "float32", "finds no GPU of Apple's"),
        ("cpu", "tf32", "only NVIDIA GPUs have it, and the device is cpu; use float32"),
    ],
)
def test_what_cannot_be_used_is_refused(name, precision, message):
    with pytest.raises(ConfigError, match=message):
        device.choose_device(name, precision=precision)


def test_what_apples_gpu_cannot_do_is_refused(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ConfigError, match="losses cannot be scaled on mps; use bfloat16"):
        device.choose_device("mps", precision="float16")
    with pytest.raises(ConfigError, match="several processes cannot share"):
        device.choose_device("mps", 1)
