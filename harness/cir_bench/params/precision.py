"""`Precision`: the types of numbers in which a cell can be computed. Imports no torch."""

from typing import Literal, get_args

Precision = Literal["float32", "tf32", "bfloat16", "float16"]
"""``tf32``: single precision whose products have a mantissa of 10 bits, on NVIDIA GPUs. ``bfloat16`` and ``float16``:
by autocast, ``float16`` with scaled losses."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
