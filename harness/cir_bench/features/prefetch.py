"""Batches made ahead of time: gathered by a thread of their own and copied to a GPU while it computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol

import torch

from cir_bench.interfaces.features import Features

AHEAD = 2
"""Batches that are ready or being made while one is used."""
Gather = Callable[[], Features]
"""Makes a batch in the host's memory."""


class Carrier(Protocol):
    """Brings a batch to the device."""

    def send(self, features: Features) -> Any:
        """Begin to; called by the thread that gathers."""

    def receive(self, sent: Any) -> Features:
        """The batch, to be used from now on; called by the thread that computes."""


class ToHost:
    """Batches are used where they are gathered."""

    def send(self, features: Features) -> Features:
        """Nothing to do."""
        return features

    def receive(self, sent: Features) -> Features:
        """The same."""
        return sent


class ToDevice:
    """Copies are made by a stream of their own, out of pinned memory, so that the device computes meanwhile.

    ``cuda`` is `torch.cuda`, or in tests what notes the order of its calls.
    """

    def __init__(self, device: torch.device, cuda: Any = torch.cuda) -> None:
        self._device, self._cuda = device, cuda
        self._stream = cuda.Stream(device)

    def send(self, features: Features) -> tuple[Features, Any]:
        """The copy, and the event that says when it is complete."""
        pinned = features.pinned()
        with self._cuda.stream(self._stream):
            copied = pinned.to(self._device)
            done = self._cuda.Event()
            done.record(self._stream)
        return copied, done

    def receive(self, sent: tuple[Features, Any]) -> Features:
        """The stream that computes waits for the copy; its memory is not reused before that stream is done with it."""
        features, done = sent
        current = self._cuda.current_stream(self._device)
        current.wait_event(done)
        for tensor in features.tensors().values():
            tensor.record_stream(current)
        return features


def carrier_to(device: torch.device) -> Carrier:
    """What brings batches to a CUDA device; for others it leaves them in the host's memory."""
    if device.type == "cuda":
        return ToDevice(device)
    return ToHost()


def made_ahead(batches: Iterable[Gather], carrier: Carrier, ahead: int = AHEAD) -> Iterator[Features]:
    """Every batch in order, of which up to ``ahead`` are made while one is used; an error comes with its batch.

    Nothing is begun before the first batch is asked for, and what was begun ends with the iterator.
    """
    waiting: deque[Future[Any]] = deque()
    todo = iter(batches)
    with ThreadPoolExecutor(1, thread_name_prefix="features") as thread:

        def begin(count: int) -> None:
            for gather in islice(todo, count):
                waiting.append(thread.submit(_made, gather, carrier))

        try:
            begin(ahead)
            while waiting:
                sent = waiting.popleft().result()
                begin(1)
                yield carrier.receive(sent)
        finally:
            thread.shutdown(wait=True, cancel_futures=True)


def _made(gather: Gather, carrier: Carrier) -> Any:
    return carrier.send(gather())
