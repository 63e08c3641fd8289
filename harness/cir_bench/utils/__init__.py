"""Helpers for the authors of plugins: ``from cir_bench.utils import read_image``. They know no benchmark or method.

``files`` and ``images`` read annotations and pixels, ``splits`` and ``submissions`` are for data sets, ``state`` and
``checkpointing`` for encoders. Importing this package imports no torch: names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cir_bench.utils.lazy import lazy_names

if TYPE_CHECKING:
    from cir_bench.errors import did_you_mean as did_you_mean
    from cir_bench.utils.checkpointing import recompute as recompute
    from cir_bench.utils.checkpointing import recompute_blocks as recompute_blocks
    from cir_bench.utils.files import file_digest as file_digest
    from cir_bench.utils.files import inside as inside
    from cir_bench.utils.files import read_json as read_json
    from cir_bench.utils.images import decode_image as decode_image
    from cir_bench.utils.images import read_image as read_image
    from cir_bench.utils.splits import evaluated_split as evaluated_split
    from cir_bench.utils.state import state_digest as state_digest
    from cir_bench.utils.submissions import Mistakes as Mistakes
    from cir_bench.utils.submissions import check_lists as check_lists
    from cir_bench.utils.submissions import json_object as json_object

HOMES = {
    "errors": "did_you_mean",
    "utils.files": "file_digest inside read_json",
    "utils.images": "decode_image read_image",
    "utils.checkpointing": "recompute recompute_blocks",
    "utils.splits": "evaluated_split",
    "utils.state": "state_digest",
    "utils.submissions": "Mistakes check_lists json_object",
}
__all__, __getattr__ = lazy_names(__name__, HOMES)
