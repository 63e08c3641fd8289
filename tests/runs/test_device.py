"""What a record says of the machine: enough to tell two of one architecture apart."""

import os

import torch

from cir_bench.runs import device


def test_a_processor_is_named_by_its_model_and_number(monkeypatch, tmp_path):
    facts = tmp_path / "cpuinfo"
    facts.write_text("processor\t: 0\nmodel name\t: Some  CPU 9000\nprocessor\t: 1\nmodel name\t: Some  CPU 9000\n")
    monkeypatch.setattr(device, "CPU_FACTS", facts)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert device.environment(torch.device("cpu"), "float32").device == "cpu (Some CPU 9000, 2 cores)"


def test_one_that_has_no_name_is_known_by_its_architecture(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "CPU_FACTS", tmp_path / "missing")
    monkeypatch.setattr(device.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert device.processor() == "arm64, 1 core"
    (tmp_path / "empty").write_text("Features : fp asimd\n")
    monkeypatch.setattr(device, "CPU_FACTS", tmp_path / "empty")
    assert device.processor() == "arm64, 1 core"
