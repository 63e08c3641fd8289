"""Global state of the process that a plugin may change: compared and restored around its code."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

_SET_BY_LIBRARIES = ("TORCHINDUCTOR_", "TRITON_", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")
"""How variables begin that torch and scikit-learn set when they are first used, whoever uses them."""


class _Part(NamedTuple):
    """A part of the global state; ``fresh`` is its value in a torch that has just been imported."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    fresh: Any = None


@contextmanager
def guarded(report: Callable[[str], None]) -> Iterator[None]:
    """Restore the global state after the block, however it ends.

    That is torch's default dtype, default device, grad mode, precision, deterministic flags and number of threads; the
    working folder, the environment, the standard streams, the handler of Ctrl-C, and filters that silence warnings.
    Random generators are restored, too, but using one is no mistake and is not reported.

    Args:
        report: called with what the block changed, in words, if it changed something.
    """
    parts, generators = _parts(), _generators()
    before, states = [part.read() for part in parts], [part.read() for part in generators]
    torch_was_here = "torch" in sys.modules
    filters = warnings.catch_warnings()
    filters.__enter__()
    try:
        yield
    finally:
        for part, state in zip(generators, states, strict=True):
            part.write(state)
        if not torch_was_here and "torch" in sys.modules:
            new = _torch_parts()
            parts, before = parts + new, before + [part.fresh for part in new]
        changed = []
        for part, old in zip(parts, before, strict=True):
            now = part.read()
            if old is not None and now != old:
                changed.append(_in_words(part, old, now))
                part.write(old)
        filters.__exit__(None, None, None)
        if changed:
            report(", ".join(changed))


def _in_words(part: _Part, old: Any, now: Any) -> str:
    if isinstance(old, dict):
        differ = sorted(key for key in {*old, *now} if old.get(key) != now.get(key))
        return f"{part.name} ({', '.join(differ[:3])}{', …' if len(differ) > 3 else ''})"
    return f"{part.name} ({old} → {now})" if isinstance(old, (bool, int, str)) else part.name


def _parts() -> list[_Part]:
    parts = [
        _Part("the working folder", _folder, os.chdir),
        _Part("the environment", _environment, _write_environment),
        _Part("sys.stdout", lambda: sys.stdout, lambda stream: setattr(sys, "stdout", stream)),
        _Part("sys.stderr", lambda: sys.stderr, lambda stream: setattr(sys, "stderr", stream)),
        _Part("the filters of warnings", _silencers, lambda filters: None),  # `catch_warnings` restores them
    ]
    if threading.current_thread() is threading.main_thread():
        handler = _Part(
            "the handler of Ctrl-C",
            lambda: signal.getsignal(signal.SIGINT),
            lambda old: signal.signal(signal.SIGINT, old),
        )
        parts.append(handler)
    return parts + (_torch_parts() if "torch" in sys.modules else [])


def _torch_parts() -> list[_Part]:
    import torch

    def write_device(old: str) -> None:
        torch.set_default_device(None if old == "cpu" else old)

    def write_deterministic(old: tuple[bool, bool]) -> None:
        torch.use_deterministic_algorithms(old[0], warn_only=old[1])

    return [
        _Part("torch's default dtype", lambda: str(torch.get_default_dtype()), _write_dtype, "torch.float32"),
        _Part("torch's default device", lambda: str(torch.get_default_device()), write_device, "cpu"),
        _Part("torch's grad mode", torch.is_grad_enabled, torch.set_grad_enabled, True),
        _Part(
            "torch's deterministic mode",
            lambda: (
                torch.are_deterministic_algorithms_enabled(),
                torch.is_deterministic_algorithms_warn_only_enabled(),
            ),
            write_deterministic,
            (False, False),
        ),
        _Part("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        _Part(
            "torch's matmul precision",
            torch.get_float32_matmul_precision,
            torch.set_float32_matmul_precision,
            "highest",
        ),
        *(
            _Part(f"torch.backends.cudnn.{flag}", partial(getattr, torch.backends.cudnn, flag), _flag(flag))
            for flag in ("enabled", "benchmark", "deterministic")
        ),
    ]


def _write_dtype(name: str) -> None:
    import torch

    torch.set_default_dtype(getattr(torch, name.removeprefix("torch.")))


def _flag(name: str) -> Callable[[bool], None]:
    import torch

    return lambda old: setattr(torch.backends.cudnn, name, old)


def _generators() -> list[_Part]:
    parts = [_Part("random", random.getstate, random.setstate)]
    if (numpy := sys.modules.get("numpy")) is not None:
        parts.append(_Part("numpy.random", numpy.random.get_state, numpy.random.set_state))
    if (torch := sys.modules.get("torch")) is not None:
        parts.append(_Part("torch.random", torch.get_rng_state, torch.set_rng_state))
    return parts


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_SET_BY_LIBRARIES)}


def _write_environment(old: dict[str, str]) -> None:
    for name in set(_environment()) - set(old):
        del os.environ[name]
    os.environ.update(old)


def _silencers() -> list[Any]:
    """The filters that silence every warning of cir-bench; libraries add others when they are imported."""
    all_of_ours = (one for one in warnings.filters if one[1] is None and issubclass(UserWarning, one[2]))
    return [one for one in all_of_ours if one[0] == "ignore"]
