"""Composite transformers at three levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import nn

from cir_bench import (
    BuildContext,
    Composer,
    Embedding,
    EncoderShape,
    Explanation,
    Features,
    GalleryView,
    ImageMap,
    PairingError,
)
from cir_bench_val.params import ValComposerParams
from cir_bench_val.transformer import CompositeTransformer

NOTES = {
    "self-attention": "What is looked at to transform the image.",
    "joint attention": "What of the image is kept.",
}
LEVELS = ("level1", "level2", "level3")
"""The embedding's spaces, shallow to deep."""


def level_shapes(shape: EncoderShape) -> dict[str, tuple[int, int, int]]:
    """(C, H, W) of the three deepest maps by level; `PairingError` when there are fewer."""
    maps = shape.image.maps
    if len(maps) < len(LEVELS):
        raise PairingError(
            f"val needs feature maps at {len(LEVELS)} levels and this encoder gives {len(maps)}; "
            "use an encoder with maps, such as cnn-lstm."
        )
    return dict(zip(LEVELS, maps[-len(LEVELS) :], strict=True))


class ValComposer(Composer):
    """VAL (Chen et al., CVPR 2020): one composite transformer per level of the CNN, each level a space of its own.

    Query: global average of each level's composite map. Candidate: global average of each level's own map. The joint
    score is the sum of the three cosines, which ranks as the paper's L2 distance between the concatenations of normed
    levels: |q − t|² = 6 − 2 Σ cos.

    Args:
        params: the transformers' heads, layers and ablation.
        context: the encoder's widths: three maps and pooled text.
    """

    def __init__(self, params: ValComposerParams, context: BuildContext) -> None:
        super().__init__()
        width = context.shape.text.width
        self.transformers = nn.ModuleDict(
            {
                level: CompositeTransformer(size, width, params.heads, params.layers, params.ablation)
                for level, size in level_shapes(context.shape).items()
            }
        )

    def compose(self, reference: Features, text: Features) -> Embedding:
        """Three spaces ``[B, c_level]`` from the three deepest maps and the text ``[B, d]``."""
        words = text.need_pooled()
        maps = zip(self.transformers.items(), reference.need_maps(len(LEVELS)), strict=True)
        return Embedding(
            {level: cast(CompositeTransformer, transform).pooled(image, words) for (level, transform), image in maps}
        )

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """Both streams' attention over the reference image at every level."""
        words, maps = text.need_pooled(), reference.need_maps(len(LEVELS))
        return [
            ImageMap(f"{stream}, level {level}", values, NOTES[stream])
            for level, (transform, image) in enumerate(zip(self.transformers.values(), maps, strict=True), start=1)
            for stream, values in cast(CompositeTransformer, transform).attention(image, words).items()
        ]

    def embed_target(self, image: Features) -> Embedding:
        """Three spaces ``[B, c_level]``: the pooled maps."""
        maps = image.need_maps(len(LEVELS))
        return Embedding({level: one.mean(dim=(2, 3)) for level, one in zip(LEVELS, maps, strict=True)})
