"""What both baselines on feature maps need of an encoder."""

from __future__ import annotations

from cir_bench import EncoderShape, PairingError


def last_map_shape(shape: EncoderShape, name: str) -> tuple[int, int, int]:
    """(C, H, W) of the deepest map; `PairingError` naming the composer when there is none."""
    if not shape.image.maps:
        raise PairingError(f"{name} needs feature maps and this encoder gives none; use an encoder with maps.")
    return shape.image.maps[-1]
