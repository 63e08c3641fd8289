"""Epoch checkpoints of one cell, written atomically: a killed cell loses at most the running epoch."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cir_bench.atomic import replacing
from cir_bench.errors import RunError

LAST = "last.pt"
BEST = "weights-{}.safetensors"


def kept_weights(folder: Path) -> dict[str, Tensor] | None:
    """The weights that a finished training left in its checkpoint folder; None when they are missing or damaged."""
    found = list(folder.glob(BEST.format("*")))
    return _read(found[0]) if len(found) == 1 else None


def _read(path: Path) -> dict[str, Tensor] | None:
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError):
        return None


class Checkpoints:
    """The checkpoint folder of a cell.

    ``last.pt`` holds everything that is needed to continue after the last finished epoch; ``weights-N.safetensors``
    holds the weights of the best epoch so far, where N is a running number that ``last.pt`` also has, so that the two
    never disagree. Checkpoints with another ``fingerprint`` (what the training depends on) are not used.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The last state; None when it is missing, damaged, or of other settings."""
        path = self._folder / LAST
        try:
            state = torch.load(path, map_location=device, weights_only=True)
        except FileNotFoundError:
            return None
        except torch.OutOfMemoryError:
            raise  # a RuntimeError, but no sign of a damaged file
        except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            path.unlink(missing_ok=True)  # damaged: the cell starts again
            return None
        if not isinstance(state, dict) or state.get("fingerprint") != self._fingerprint:
            return None
        best = state.get("best_number")
        return None if best is not None and self.read_weights(int(best)) is None else state

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state after an epoch."""
        with self._replacing(LAST) as temporary:
            torch.save({**state, "fingerprint": self._fingerprint}, temporary)
        kept = BEST.format(state.get("best_number"))
        for path in self._folder.glob(BEST.format("*")):
            if path.name != kept:
                path.unlink(missing_ok=True)

    def write_weights(self, number: int, weights: Mapping[str, Tensor]) -> None:
        """Write the weights of a best epoch; they are used once :meth:`save` has written their number."""
        tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
        with self._replacing(BEST.format(number)) as temporary:
            save_file(tensors, temporary)

    def read_weights(self, number: int) -> dict[str, Tensor] | None:
        """The weights of that number, or None when they are missing or damaged."""
        return _read(self._folder / BEST.format(number))

    def finish(self) -> None:
        """Drop what is only needed to continue; the best weights stay."""
        (self._folder / LAST).unlink(missing_ok=True)

    @contextmanager
    def _replacing(self, name: str) -> Iterator[Path]:
        """A temporary file that replaces ``name`` once it is complete; `RunError` when it cannot be written."""
        try:
            with replacing(self._folder / name) as temporary:
                yield temporary
        except (OSError, RuntimeError, SafetensorError) as error:  # a full disk raises any of the three
            raise RunError(
                f"the checkpoint {self._folder / name} cannot be written ({error}); free some space, or choose another "
                "folder with --out, and run it again with --retry-failed."
            ) from error
