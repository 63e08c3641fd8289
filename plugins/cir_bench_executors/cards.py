"""`Cards`: the GPUs of a machine, given to jobs whole or in parts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from subprocess import DEVNULL, run

EPSILON = 1e-6
"""Three thirds of a GPU are one."""


class Cards:
    """``names`` as CUDA_VISIBLE_DEVICES takes them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._free = dict.fromkeys(names, 1.0)

    @property
    def count(self) -> int:
        """How many there are, used or not."""
        return len(self._free)

    def take(self, gpus: float) -> tuple[str, ...] | None:
        """The cards that a job gets, None while there are too few; several, or one whole, are not shared."""
        if gpus <= 0:
            return ()
        part = min(gpus, 1.0)
        fitting = sorted((free, name) for name, free in self._free.items() if free >= part - EPSILON)
        number = max(1, int(gpus))
        if len(fitting) < number:
            return None
        taken = tuple(name for _, name in fitting[:number])  # the fullest first, so that whole ones stay whole
        for name in taken:
            self._free[name] -= part
        return taken

    def give_back(self, names: Sequence[str], gpus: float) -> None:
        """A job needs its cards no more."""
        for name in names:
            self._free[name] = min(1.0, self._free[name] + min(gpus, 1.0))


def visible() -> list[str]:
    """The GPUs that this process may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in {"", "-1"}]
    try:
        listed = run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False, stdin=DEVNULL).stdout  # noqa: S607
    except OSError:  # no driver, no GPU
        return []
    return [str(number) for number, line in enumerate(listed.splitlines()) if line.startswith("GPU ")]
