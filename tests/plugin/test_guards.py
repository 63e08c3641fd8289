"""What a plugin changes in the process is restored, and the plugin is named."""

from __future__ import annotations

import os
import random
import sys
import warnings
from pathlib import Path

import pytest
import torch

from cir_bench.plugin.guards import guarded
from cir_bench.plugin.loader import PluginOptions, load_plugins


def _write_environment() -> None:
    os.environ["CIR_BENCH_TEST_GUARDS"] = "1"


CHANGES = {
    "torch's default dtype (torch.float32 → torch.float64)": lambda: torch.set_default_dtype(torch.float64),
    "torch's default device (cpu → meta)": lambda: torch.set_default_device("meta"),
    "torch's grad mode (True → False)": lambda: torch.set_grad_enabled(False),
    "torch's deterministic mode": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "torch's matmul precision (highest → medium)": lambda: torch.set_float32_matmul_precision("medium"),
    "torch.backends.cudnn.benchmark (False → True)": lambda: setattr(torch.backends.cudnn, "benchmark", True),
    "the working folder": lambda: os.chdir("/"),
    "the environment (CIR_BENCH_TEST_GUARDS)": _write_environment,
    "sys.stdout": lambda: setattr(sys, "stdout", sys.stderr),
    "the filters of warnings": lambda: warnings.simplefilter("ignore"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_restored_and_reported(change: str) -> None:
    reported: list[str] = []
    with guarded(reported.append):
        CHANGES[change]()
    assert [change in one for one in reported] == [True]
    with guarded(reported.append):
        pass
    assert len(reported) == 1 and torch.ones(1).dtype == torch.float32


def test_the_number_of_threads_is_restored() -> None:
    reported: list[str] = []
    threads = torch.get_num_threads()
    with guarded(reported.append):
        torch.set_num_threads(threads + 1)
    assert torch.get_num_threads() == threads and "number of threads" in reported[0]


def test_random_generators_go_on_where_they_were_and_nobody_is_blamed() -> None:
    torch.manual_seed(3)
    random.seed(3)
    expected = torch.rand(1).item(), random.random()
    torch.manual_seed(3)
    random.seed(3)
    with guarded(pytest.fail):
        torch.manual_seed(99)
        random.seed(99)
    assert (torch.rand(1).item(), random.random()) == expected


def test_a_change_is_restored_when_the_block_fails() -> None:
    reported: list[str] = []
    with pytest.raises(TypeError), guarded(reported.append):
        torch.set_default_dtype(torch.float64) or len(5)
    assert torch.get_default_dtype() == torch.float32 and reported


@pytest.mark.parametrize("name", ["TORCHINDUCTOR_CACHE_DIR", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"])
def test_what_libraries_set_for_themselves_is_nobodys_mistake(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with guarded(pytest.fail):
        monkeypatch.setenv(name, "anything")
    assert os.environ[name] == "anything"


def test_loading_a_file_changes_no_other_plugins_numbers(tmp_path: Path) -> None:
    file = tmp_path / "double.py"
    file.write_text("import torch\ntorch.set_default_dtype(torch.float64)\n", encoding="utf-8")
    registry = load_plugins(PluginOptions(files=(file,)))
    assert torch.get_default_dtype() == torch.float32
    (sentence,) = registry.changes
    assert "double.py" in sentence and "changed torch's default dtype" in sentence
    assert load_plugins().changes == ()
