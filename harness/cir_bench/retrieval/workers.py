"""Spans of queries, worked on by several threads at once where that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def workers(threads: int) -> Iterator[Callable[..., Any]]:
    """A ``map`` that works with so many threads, each computing alone; 0: with this thread, as it is.

    Threads that have queries of their own wait for nothing. Threads that share every small step wait at every step for
    the slowest one, and on a busy machine that is most of the time. Besides, scores then do not depend on the number of
    threads.
    """
    if not threads:
        yield map
        return
    # each thread has an inference mode of its own
    mode = torch.inference_mode(torch.is_inference_mode_enabled())

    def mapped(work: Callable[[slice], Any], spans: Iterable[slice]) -> Iterator[Any]:
        return pool.map(mode(work), spans)

    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        torch.set_num_threads(1)
        try:
            yield mapped
        finally:
            torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """Found once: looking for them takes milliseconds."""
    return ThreadpoolController()
