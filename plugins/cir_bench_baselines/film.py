"""FiLM: the text modulates the image's feature map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import BuildContext, Composer, Embedding, Features
from cir_bench_baselines.last_map import last_map_shape
from cir_bench_baselines.params import FilmParams


class FilmComposer(Composer):
    """Feature-wise linear modulation (Perez et al., AAAI 2018) of the last map X, pooled.

    ::

        [Δγ; β] = Linear(d_txt → 2C)(φ_txt),  γ = 1 + Δγ
        query   = Linear(C → embed_width) (GAP(ReLU(γ ⊙ X + β)))       γ, β the same at every position
        target  = Linear(C → embed_width) (GAP(X)), the same Linear

    Sources: Perez et al. for the affine map (their Eq. 2), the ReLU behind it, and γ as a deviation from 1 (so that the
    map is not zeroed at the start); TIRG (Vo et al., CVPR 2019) for its use as a baseline of this task, from where
    VAL's and CLVC-Net's tables have it. Perez et al. modulate several layers of the network; a composer is given
    finished maps, so here it is the last one alone.

    Args:
        params: the embedding's width.
        context: the encoder's widths; it must give image maps.
    """

    def __init__(self, params: FilmParams, context: BuildContext) -> None:
        super().__init__()
        channels, _, _ = last_map_shape(context.shape, "film")
        self.modulation = nn.Linear(context.shape.text.width, 2 * channels)
        self.embed = nn.Linear(channels, params.embed_width)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query ``[B, embed_width]`` from the last map ``[B, C, H, W]`` and the text ``[B, d_txt]``."""
        (image,) = reference.need_maps(1)
        deviation, shift = self.modulation(text.need_pooled())[:, :, None, None].chunk(2, dim=1)
        return self._pooled(torch.relu((1 + deviation) * image + shift))

    def embed_target(self, image: Features) -> Embedding:
        """The candidate ``[B, embed_width]`` from its last map."""
        return self._pooled(image.need_maps(1)[0])

    def _pooled(self, maps: Tensor) -> Embedding:
        return Embedding.single(self.embed(maps.mean(dim=(2, 3))))
