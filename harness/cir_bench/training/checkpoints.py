"""Epoch checkpoints of one cell, written atomically: a killed cell loses at most the running epoch.

Both files carry a digest that is compared whenever they are read, ``last.pt`` at its end and ``weights-N.safetensors``
in its metadata. What is damaged is never used.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from cir_bench.atomic import replacing
from cir_bench.errors import RunError, StorageError, unwritable
from cir_bench.seals import KEY, is_intact, seal_file
from cir_bench.training.names import BEST, LAST

FINAL = 0
"""The running number of weights that no score has chosen."""


class CheckpointWarning(UserWarning):
    """A checkpoint was damaged and is not used."""


def kept_weights(folder: Path) -> dict[str, Tensor] | None:
    """The weights that a finished training left in its checkpoint folder; None when there are none.

    Raises:
        RunError: they are damaged.
    """
    found = [path for path in folder.glob(BEST.format("*")) if path.is_file()]
    if len(found) != 1:
        return None
    weights = _read(found[0])
    if weights is None:
        raise RunError(f"the weights {found[0]} are damaged; delete the cell's folder and run the cell again.")
    return weights


class Checkpoints:
    """The checkpoint folder of a cell.

    ``last.pt`` holds everything that is needed to continue after the last finished epoch; ``weights-N.safetensors``
    holds the weights of the best epoch so far, where N is a running number that ``last.pt`` also has, so that the two
    never disagree. Checkpoints with another ``fingerprint`` (what the training depends on) are not used. Only one of
    several processes ``writes``.
    """

    def __init__(self, folder: Path, fingerprint: str, *, writes: bool = True) -> None:
        self._folder, self._fingerprint, self._writes = folder, fingerprint, writes

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The last state; None when it is missing, damaged, or of other settings. Damage gives a `CheckpointWarning`.

        Raises:
            StorageError: the file cannot be read, which says nothing about its content.
        """
        state = self._load(device)
        if state is None or state.get("fingerprint") != self._fingerprint:
            return None
        best = state.get("best_number")
        if best is not None and self.read_weights(int(best)) is None:
            if state.get("best_epoch") != state.get("epoch") or state.get("average"):
                self.discard(f"{BEST.format(best)}, the best weights so far, is missing or damaged")
                return None
            self.write_weights(int(best), state["weights"])  # the last epoch is the best one
            sentence = f"{self._folder / BEST.format(best)} was missing or damaged, and is written again."
            warnings.warn(sentence, CheckpointWarning, stacklevel=2)
        return state

    def _load(self, device: torch.device) -> dict[str, Any] | None:
        path = self._folder / LAST
        try:
            if is_intact(path):
                # readers of zip files look for their directory from the end, so the digest does not disturb
                return dict(torch.load(path, map_location=device, weights_only=True))
            reason = f"{LAST} is damaged"
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(
                f"the checkpoint {path} cannot be read ({error.strerror or error}); make it readable, or delete it, "
                "and run the cell again with --retry-failed."
            ) from error
        except torch.OutOfMemoryError:
            raise  # a RuntimeError, but no sign of a damaged file
        except (RuntimeError, EOFError, TypeError, ValueError, pickle.UnpicklingError) as error:
            reason = f"{LAST} is of another version ({type(error).__name__})"
        self.discard(reason)
        return None

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state after an epoch."""
        if not self._writes:
            return
        with self._replacing(LAST) as temporary:
            torch.save({**state, "fingerprint": self._fingerprint}, temporary)
            seal_file(temporary)
        self.keep_only(state.get("best_number"))

    def write_weights(self, number: int, weights: Mapping[str, Tensor]) -> None:
        """Write the weights of a best epoch; they are used once :meth:`save` has written their number."""
        if not self._writes:
            return
        tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
        with self._replacing(BEST.format(number)) as temporary:
            save_file(tensors, temporary, metadata={KEY: _digest(tensors)})

    def read_weights(self, number: int) -> dict[str, Tensor] | None:
        """The weights of that number, or None when they are missing or damaged."""
        return _read(self._folder / BEST.format(number))

    def keep_only(self, number: int | None) -> None:
        """Delete all weights but those of this number."""
        for path in self._folder.glob(BEST.format("*")) if self._writes else ():
            if number is None or path.name != BEST.format(number):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def discard(self, reason: str) -> None:
        """Do without the last state, so that the training starts again, and warn."""
        warnings.warn(
            f"{self._folder}: {reason}; the training starts again from the beginning.", CheckpointWarning, stacklevel=3
        )
        if self._writes:
            discard_state(self._folder)

    @contextmanager
    def _replacing(self, name: str) -> Iterator[Path]:
        """A temporary file that replaces ``name`` once it is complete; `StorageError` when it cannot be written."""
        try:
            with replacing(self._folder / name) as temporary:
                yield temporary
        except (OSError, RuntimeError, SafetensorError) as error:  # a full disk raises any of the three
            raise unwritable(f"the checkpoint {self._folder / name}", error) from error


def discard_state(folder: Path) -> None:
    """Delete from a checkpoint folder what is only needed to continue the training; the best weights stay."""
    with suppress(OSError):
        (folder / LAST).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Tensor] | None:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is not iterable)
            return tensors if (file.metadata() or {}).get(KEY) == _digest(tensors) else None
    except (OSError, SafetensorError, ValueError):
        return None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Of names, types, shapes and values."""
    sha256 = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        sha256.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        sha256.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()
