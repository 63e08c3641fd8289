"""`Ranks` without other processes, and what a process knows of them before they join."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.errors import ConfigError
from cir_bench.features.gather import gathered
from cir_bench.interfaces.features import Features
from cir_bench.ranks.group import ALONE, Ranks
from cir_bench.ranks.join import TIMEOUT, joined, launched
from cir_bench.runs.device import choose_device

TORCHRUN = {"RANK": "1", "WORLD_SIZE": "3", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}


@given(st.integers(0, 100), st.integers(1, 9))
def test_shares_are_all_items_once_in_order_and_nearly_equal(count: int, size: int) -> None:
    parts = [range(count)[Ranks(number, size).share(count)] for number in range(size)]
    assert [item for part in parts for item in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert list(map(len, parts)) == sorted(map(len, parts), reverse=True)


def test_one_process_asks_nobody() -> None:
    features = Features(pooled=torch.zeros(2, 3))
    assert gathered(ALONE, features) is features
    assert ALONE.exchange("own") == ["own"]
    assert ALONE.agree(lambda: 3) == ALONE.in_turn(lambda: 3) == 3
    ALONE.fail("said to nobody")


def test_a_process_knows_its_number_by_the_variables_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    assert launched() == (1, 3)
    monkeypatch.delenv("MASTER_PORT")  # of another launcher, for something else
    assert launched() == (0, 1)
    with joined() as ranks:
        assert ranks is ALONE


def test_other_commands_speak_in_every_process() -> None:
    """A cluster may set these variables for whatever runs in a pod."""
    command = [sys.executable, "-m", "cir_bench", "--version"]
    done = subprocess.run(command, env={**os.environ, **TORCHRUN}, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cir-bench ")


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_time_is_refused(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    for name, value in {**TORCHRUN, TIMEOUT: seconds}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{TIMEOUT}='{seconds}' is not a number of seconds"), joined():
        pass


def test_each_process_takes_the_gpu_of_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto", 1) == choose_device("cuda", 1) == torch.device("cuda:1")
    assert choose_device("cpu", 1) == torch.device("cpu")
    with pytest.raises(ConfigError, match="this machine has 2 GPUs"):
        choose_device("auto", 2)
    with pytest.raises(ConfigError, match="each process takes a GPU of its own"):
        choose_device("cuda:0", 1)
