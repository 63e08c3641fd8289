"""Batches made ahead: the same ones in order, by a thread that ends; on a GPU copied by a stream of their own."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

from cir_bench.features.prefetch import ToDevice, ToHost, carrier_to, made_ahead
from cir_bench.interfaces.features import Features


def batch(number: int) -> Features:
    return Features(pooled=torch.full((2, 3), float(number)))


def numbers(batches: Any) -> list[float]:
    return [float(one.need_pooled()[0, 0]) for one in batches]


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("features")}


def test_batches_come_in_order_and_a_few_are_made_while_one_is_used() -> None:
    made: list[int] = []
    ready = threading.Semaphore(0)

    def gather(number: int) -> Features:
        assert threading.current_thread() is not threading.main_thread()
        made.append(number)
        ready.release()
        return batch(number)

    stream = made_ahead([lambda n=n: gather(n) for n in range(6)], ToHost(), ahead=2)
    assert not made, "nothing before the first is asked for"
    first = next(stream)
    for _ in range(3):
        assert ready.acquire(timeout=60)
    assert made == [0, 1, 2], "one that is used, and two ahead"
    assert numbers([first, *stream]) == [0, 1, 2, 3, 4, 5]
    assert not threads()


def test_an_error_comes_with_its_batch_and_the_thread_ends() -> None:
    def fails() -> Features:
        raise OSError("the disk is gone")

    stream = made_ahead([lambda: batch(0), fails, lambda: batch(2)], ToHost())
    assert numbers([next(stream)]) == [0]
    with pytest.raises(OSError, match="the disk is gone"):
        next(stream)
    assert not threads()


def test_a_stream_that_is_left_in_the_middle_makes_no_more() -> None:
    made: list[int] = []

    def gather(number: int) -> Features:
        made.append(number)
        return batch(number)

    stream = made_ahead([lambda n=n: gather(n) for n in range(100)], ToHost(), ahead=2)
    next(stream)
    stream.close()
    assert len(made) <= 3 and not threads()


class Noted:
    """In the place of `torch.cuda`: what is done, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def Stream(self, device: torch.device) -> str:  # noqa: N802 (as in torch.cuda)
        return "side"

    def Event(self) -> Noted:  # noqa: N802
        return self

    def record(self, stream: str) -> None:
        self.said.append(f"event on {stream}")

    def stream(self, stream: str) -> Noted:
        self.said.append(f"into {stream}")
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.said.append("out")

    def current_stream(self, device: torch.device) -> Noted:
        return self

    def wait_event(self, event: Noted) -> None:
        self.said.append("wait")


def test_a_gpu_waits_for_the_copy_before_it_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen without a GPU: the order of the calls. Not seen: that copies and computation overlap."""
    cuda = Noted()
    monkeypatch.setattr(Features, "pinned", lambda self: cuda.said.append("pin") or self)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda self, stream: cuda.said.append("in use"))
    carrier = ToDevice(torch.device("cpu"), cuda)
    sent = carrier.send(batch(7))
    assert cuda.said == ["pin", "into side", "event on side", "out"]
    assert numbers([carrier.receive(sent)]) == [7]
    assert cuda.said[4:] == ["wait", "in use"]


def test_only_cuda_is_sent_to() -> None:
    assert isinstance(carrier_to(torch.device("cpu")), ToHost)
    assert isinstance(carrier_to(torch.device("mps")), ToHost)
