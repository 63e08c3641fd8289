"""Figures of the authors' released code, and how far ours are from them.

A file of figures holds random inputs (``in/…``), weights under the released names (``w/…``), and what the released code
makes of them (``out/…``, ``loss/…``, ``grad/…``, ``after/…``, ``init/…``). Sources: google/tirg (Apache 2.0),
ABaldrati/CLIP4Cir (MIT), yanbeic/VAL (Apache 2.0), CLVC-Net (Apache 2.0), TG-CIR (figures only).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

TESTS = Path(__file__).parents[1]
FOLDERS = {
    "excerpt": TESTS / "fixtures" / "goldens",
    "shared": Path(os.environ.get("CIR_BENCH_SHARED", str(TESTS.parents[1] / "shared"))) / "goldens",
}
"""Committed excerpts, and the whole figures, which are not part of the repository."""
RESULTS = ("out/", "loss/", "grad/", "after/", "init/")
DOUBLE, SINGLE = 1e-5, 1e-6
"""Tolerances of figures in double precision, and of those that were rounded to single precision."""


class Golden:
    """One file of figures.

    Args:
        path: the file.
        note: is told the largest relative difference so far.
        single: tolerance of float32 figures; larger where the released code itself ran in single precision.
    """

    def __init__(self, path: Path, note: Callable[[float], None]) -> None:
        with np.load(path) as arrays:
            self._arrays = {name: arrays[name] for name in arrays.files}
        self._note, self._largest = note, 0.0
        self.seen: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def tensor(self, name: str) -> Tensor:
        """An array; numbers in double precision."""
        array = self._arrays[name]
        return torch.from_numpy(array.astype(np.float64) if array.dtype.kind == "f" else np.array(array))

    def number(self, name: str) -> float:
        """A single number."""
        return float(self._arrays[name])

    def count(self, name: str) -> int:
        """A single whole number."""
        return int(self._arrays[name])

    def below(self, prefix: str) -> dict[str, Tensor]:
        """The arrays whose names begin with ``prefix``, without it."""
        return {name.removeprefix(prefix): self.tensor(name) for name in self if name.startswith(prefix)}

    def compare(self, name: str, found: Tensor | float, tolerance: float | None = None) -> None:
        """Check one of our results; the difference is relative to the array's largest number.

        Args:
            name: of the figure; an excerpt may lack it.
            found: ours.
            tolerance: in place of the usual one.
        """
        if name not in self:
            return
        self.seen.add(name)
        expected = self.tensor(name).double()
        ours = torch.as_tensor(found, dtype=torch.float64).detach()
        assert ours.shape == expected.shape, f"{name}: {tuple(ours.shape)} instead of {tuple(expected.shape)}"
        scale = expected.abs().max().item() or 1.0
        difference = (ours - expected).abs().max().item() / scale
        if tolerance is None:
            tolerance = SINGLE if self._arrays[name].dtype == np.float32 else DOUBLE
        self._largest = max(self._largest, difference)
        self._note(self._largest)
        assert difference <= tolerance, f"{name} differs by {difference:.2g} (relative)"

    def compare_all(self, found: Mapping[str, Tensor | float], tolerance: float | None = None) -> None:
        """Check our results by name."""
        for name, value in found.items():
            self.compare(name, value, tolerance)

    def unseen(self, prefixes: tuple[str, ...] = RESULTS) -> set[str]:
        """The figures that nothing was compared with."""
        return {name for name in self if name.startswith(prefixes)} - self.seen


def load_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load all weights and statistics of a module in double precision, by its own names; none may be missing."""
    counters = {name: value for name, value in module.state_dict().items() if name.endswith("num_batches_tracked")}
    module.double().load_state_dict({**counters, **weights})


def renamed(weights: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """The weights whose released names begin with a key of ``names``, in place of it."""
    found = {}
    for name, value in weights.items():
        for released, ours in names.items():
            if name == released or name.startswith(f"{released}."):
                found[ours + name.removeprefix(released)] = value
    return found


def gradients(output: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradients of a scalar; zeros where there is none."""
    found = torch.autograd.grad(output, list(inputs.values()), retain_graph=True, allow_unused=True)
    return {
        name: torch.zeros_like(tensor) if gradient is None else gradient
        for (name, tensor), gradient in zip(inputs.items(), found, strict=True)
    }


def find(source: str, name: str) -> Path:
    """The file of that name; skips the test where it is not available."""
    path = FOLDERS[source] / f"{name}.npz"
    if not path.exists():
        reason = "there is no excerpt" if source == "excerpt" else "CIR_BENCH_SHARED names another folder"
        pytest.skip(f"needs {path} ({reason})")
    return path
