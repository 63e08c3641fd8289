"""Worker processes read images; whatever keeps them from it, every item arrives, in order, and nothing hangs."""

from __future__ import annotations

import logging
import os
import resource
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench.features import processes
from cir_bench.features.processes import read_in_order

COUNT = 300
HERE = os.getpid()
ONE_BY_ONE = list(range(COUNT))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STALLED", 2.0)


def tensor(position: int) -> torch.Tensor:
    return torch.full((3,), float(position))


def read_all(read: Any, workers: int = 2) -> list[int]:
    return [int(item[0]) for item in read_in_order(read, COUNT, 16, workers)]


def in_worker() -> bool:
    return os.getpid() != HERE


def test_items_arrive_in_order_and_are_read_by_workers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert read_all(lambda position: torch.tensor([position, os.getpid()])) == ONE_BY_ONE
        readers = {int(item[1]) for item in read_in_order(lambda _: torch.tensor([0, os.getpid()]), COUNT, 16, 2)}
    assert len(readers) == 2 and HERE not in readers and not caplog.records


@pytest.mark.parametrize(
    "item",
    [
        torch.arange(6).reshape(2, 3).T,
        torch.tensor([1.5], dtype=torch.bfloat16),
        torch.zeros(0, 4),
        torch.ones(2, requires_grad=True),
        {"pixels": (torch.eye(2), [torch.tensor(True)]), "name": "a"},
        None,
    ],
    ids=["transposed", "bfloat16", "empty", "with gradient", "nested", "None"],
)
def test_any_item_arrives_as_it_was(item: Any) -> None:
    (*_, last) = read_in_order(lambda _: item, COUNT, 16, 1)
    assert repr(last) == repr(item)


def test_what_arrives_may_be_written_to_and_is_nobody_elses() -> None:
    shared = torch.zeros(4)
    first, second, *_ = read_in_order(lambda _: shared[:2], COUNT, 16, 1)
    first += 1
    assert second.tolist() == [0, 0] and first.untyped_storage().nbytes() == 8


def test_few_file_handles_are_enough() -> None:
    """Each tensor of torch's own way takes some, and what finds none left is lost without a word."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 40, hard))
    try:
        assert list(map(len, read_in_order(tensor, COUNT, 64, 2))) == [3] * COUNT
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_socket_is_made_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a socket has at most 108 bytes."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert read_all(tensor) == ONE_BY_ONE


def test_where_no_process_can_be_started_it_is_read_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert read_all(tensor) == ONE_BY_ONE
    assert "failed after 0 of 300 images ([Errno 11] Resource temporarily unavailable)" in caplog.text
    assert "--workers 0" in caplog.text


def test_when_a_worker_is_killed_the_rest_is_read_here(caplog: pytest.LogCaptureFixture) -> None:
    def killed(position: int) -> torch.Tensor:
        if position == 100 and in_worker():
            os.kill(os.getpid(), signal.SIGKILL)
        return tensor(position)

    assert read_all(killed) == ONE_BY_ONE
    assert "worker processes failed after" in caplog.text


def test_when_a_worker_stalls_the_rest_is_read_here(caplog: pytest.LogCaptureFixture) -> None:
    def stalls(position: int) -> torch.Tensor:
        if position == 100 and in_worker():
            time.sleep(1000)
        return tensor(position)

    assert read_all(stalls) == ONE_BY_ONE
    assert "failed after 96 of 300 images (DataLoader timed out after 2.0 seconds)" in caplog.text


def test_an_item_that_cannot_leave_its_process_is_read_here_and_this_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert [item() for item in read_in_order(lambda position: lambda: position, COUNT, 16, 2)] == ONE_BY_ONE
    (said,) = caplog.messages
    assert "image 1 of 300, a function" in said and "read twice; --workers 0 reads them once" in said


def test_an_exception_keeps_its_form_and_comes_when_it_is_due() -> None:
    class OddError(Exception):
        def __init__(self, where: int, why: str) -> None:
            super().__init__(where, why)

    def odd(position: int) -> torch.Tensor:
        if position == 40:
            raise OddError(position, "no pixels")
        return tensor(position)

    items = read_in_order(odd, COUNT, 16, 2)
    assert [int(next(items)[0]) for _ in range(40)] == ONE_BY_ONE[:40]
    with pytest.raises(OddError, match="no pixels"):
        next(items)


def test_the_callers_random_numbers_are_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    list(read_in_order(tensor, COUNT, 16, 2))
    assert torch.equal(torch.rand(1), expected)
