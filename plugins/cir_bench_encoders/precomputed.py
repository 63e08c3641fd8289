"""`Precomputed`: features made elsewhere, from one file.

The file, ``.npz`` or ``.safetensors``, holds (N images, M texts; those of a level that is not given are left out)::

    image_ids     N image ids of the data set
    image_pooled  [N, d]
    image_tokens  [N, L, d]      with image_mask [N, L] bool, true at real tokens
    image_map1    [N, C, H, W]   the deepest map; image_map2 the one before it, …
    texts         M texts, exactly as the protocol builds them
    text_pooled   [M, d]
    text_tokens   [M, L, d]      with text_mask [M, L]

``image_ids`` and ``texts`` are arrays of strings in an ``.npz`` (numpy ``<U``, never objects), and JSON lists in the
metadata of a ``.safetensors``::

    save_file({"image_pooled": v, "text_pooled": t}, "features.safetensors",
              metadata={"image_ids": json.dumps(ids), "texts": json.dumps(texts)})
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any

import torch

from cir_bench import Context, DataError, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef
from cir_bench.utils import file_digest
from cir_bench_encoders.precomputed_file import FeatureFile
from cir_bench_encoders.precomputed_params import PrecomputedParams


class Precomputed(Encoder):
    """Looks features up by image id and by text; nothing is encoded and nothing can be trained."""

    version = "1"

    def __init__(self, params: PrecomputedParams, context: Context) -> None:
        super().__init__()
        self._file = FeatureFile(params.path)
        self.register_buffer("_place", torch.zeros(0), persistent=False)  # so that the module has a device
        self.shape = EncoderShape(image=self._shape("image"), text=self._shape("text"))

    def has(self, image: ImageRef) -> bool:
        """Whether the file has a row for the image."""
        return image.id in self._file.row_of["image"]

    def image_digest(self, image: ImageRef) -> str:
        """Digest of the id: what the file says of it is in the weights' digest."""
        return sha256(image.id.encode()).hexdigest()

    def weights_digest(self) -> str:
        """Digest of the file."""
        return self._file_digest

    def image_item(self, image: ImageRef, *, train: bool = False) -> int:
        """The image's row; `DataError` when the file has none."""
        if not self.has(image):
            raise DataError(f"{self._file.path} has no features of image {image.id!r} of {image.dataset_name}.")
        return self._file.row_of["image"][image.id]

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B rows."""
        return self._features("image", items, levels)

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts; `DataError` naming the first one that is not in the file."""
        rows = self._file.row_of["text"]
        for text in texts:
            if text not in rows:
                raise DataError(
                    f"{self._file.path} has no features of the text {text!r}; "
                    "texts must be in the file exactly as the protocol builds them."
                )
        return self._features("text", [rows[text] for text in texts], levels)

    @cached_property
    def _file_digest(self) -> str:
        return file_digest(self._file.path)

    def _features(self, role: str, rows: Sequence[int], levels: frozenset[FeatureLevel]) -> Features:
        names = {"pooled": f"{role}_pooled"}
        if FeatureLevel.TOKENS in levels:
            names |= {"tokens": f"{role}_tokens", "mask": f"{role}_mask"}
        if FeatureLevel.MAPS in levels:
            depth = self._depth
            names |= {f"map{i}": f"{role}_map{depth - i}" for i in range(depth)}
        tensors = {ours: self._file.rows(name, rows) for ours, name in names.items() if self._file.has(name)}
        if "mask" in tensors:
            tensors["mask"] = tensors["mask"].bool()
        return Features.from_tensors(tensors).to(self.device)

    @property
    def _depth(self) -> int:
        return sum(name.startswith("image_map") for name in self._file.shapes)

    def _shape(self, role: str) -> FeatureShape:
        shapes = self._file.shapes
        maps = [shapes[f"image_map{depth}"] for depth in range(self._depth, 0, -1)] if role == "image" else []
        widths = {level: shapes[f"{role}_{level}"][-1] for level in ("pooled", "tokens") if f"{role}_{level}" in shapes}
        return FeatureShape(
            pooled=widths.get("pooled"), tokens=widths.get("tokens"), maps=tuple((m[1], m[2], m[3]) for m in maps)
        )
