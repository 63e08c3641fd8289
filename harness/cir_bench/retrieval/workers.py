"""Spans of queries, worked on by several threads at once where that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeAlias

import torch
from threadpoolctl import ThreadpoolController

ForEach: TypeAlias = "Callable[[Callable[[slice], None], Iterable[slice]], None]"
"""Calls a function for every span, in any order; no two spans write to the same place."""


def thread_count(score_chunk: object, device: torch.device) -> int:
    """Torch's number of threads for a scorer that says it is ``thread_safe``; 0: leave threads to the scorer."""
    return torch.get_num_threads() if device.type == "cpu" and getattr(score_chunk, "thread_safe", False) else 0


@contextmanager
def workers(threads: int) -> Iterator[ForEach]:
    """Work on spans with so many threads, each computing alone; 0: with this thread, as it is.

    Threads that have queries of their own wait for nothing. Threads that share every small step wait at every step for
    the slowest one, and on a busy machine that is most of the time. Besides, scores then do not depend on the number of
    threads.
    """
    if not threads:
        yield _one_by_one
        return
    inference = torch.is_inference_mode_enabled()

    def for_each(work: Callable[[slice], None], spans: Iterable[slice]) -> None:
        def alone(span: slice) -> None:
            with torch.inference_mode(inference):  # each thread has a mode of its own
                work(span)

        for _ in pool.map(alone, spans):
            pass

    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        torch.set_num_threads(1)
        try:
            yield for_each
        finally:
            torch.set_num_threads(threads)


def _one_by_one(work: Callable[[slice], None], spans: Iterable[slice]) -> None:
    for span in spans:
        work(span)


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """Found once: looking for them takes milliseconds."""
    return ThreadpoolController()
