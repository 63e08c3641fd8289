"""Helpers for the authors of plugins: ``from cir_bench.utils import read_image``. They know no benchmark or method.

``files`` and ``images`` read annotations and pixels, ``weights`` checkpoints, ``splits`` and ``submissions`` are for
data sets, ``state``, ``checkpointing`` and ``pseudo_words`` for encoders. Importing this package imports no torch:
names are loaded when they are first used.
"""

from __future__ import annotations

from cir_bench.utils.lazy import lazy_names

__all__, __getattr__ = lazy_names(__name__, __file__)
