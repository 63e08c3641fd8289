"""What is done when a training needs more memory than the device has: its encoders read a batch in smaller chunks."""

from __future__ import annotations

import warnings

from torch.nn.modules.batchnorm import _BatchNorm

from cir_bench.errors import RunError
from cir_bench.features.chunks import Chunks
from cir_bench.runs.assembly import AssembledCell

_LESS = (
    "choose a smaller training.batch_size (which also makes fewer negatives, so it is another cell), "
    "--precision bfloat16, or a device with more memory"
)


def encode_less(assembled: AssembledCell, chunks: Chunks) -> None:
    """Halve the chunks in which the encoders of a cell read a batch, and warn, which its record keeps.

    Raises:
        RunError: that cannot help, or would change what is computed.
    """
    encoders, ranks = assembled.trainee.encoders, assembled.computation.ranks
    out = "The device's memory does not hold a training batch"
    if not encoders:
        raise RunError(f"{out} of cached features; {_LESS}.")
    if ranks.size > 1:  # the other processes wait in the middle of a batch
        raise RunError(f"{out} of one of {ranks.size} processes; start more of them, or {_LESS}.")
    own = (norm for encoder in encoders.values() for norm in encoder.modules() if isinstance(norm, _BatchNorm))
    if any(norm.training for norm in own):
        raise RunError(
            f"{out}, and it cannot be encoded in parts, since batch norm needs all of it; set "
            f"training.encoder_eval=true, or {_LESS}."
        )
    if not chunks.halve():
        raise RunError(f"{out}, even if it is encoded one by one; {_LESS}.")
    warnings.warn(
        f"{out} at once: from then on the encoder read at most {chunks.most} items at a time, and computed them again "
        "in the backward pass. The gradients are those of the whole batch.",
        UserWarning,
        stacklevel=2,
    )
