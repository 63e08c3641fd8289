"""TIRG on the last feature map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import BuildContext, Composer, Embedding, Features, PairingError
from cir_bench_tirg.gating import GatedResidual, finish
from cir_bench_tirg.params import RELEASED, Layers, TirgLastConvComposerParams


class TirgLastConvComposer(Composer):
    """TIRG's gate and residual as 3×3 convolutions over the last map, the text tiled over its positions.

    With x = [map; tiled φ_txt] of w = C + d_txt channels::

        gate     = Conv3×3(w → C) ∘ ReLU ∘ BN (x)
        residual = Conv3×3(w → C) ∘ ReLU ∘ Conv3×3(w → w) ∘ ReLU ∘ BN (x)
        query    = Linear(C → embed_width) (GAP(a0 · σ(gate) ⊙ map + a1 · residual))
        target   = Linear(C → embed_width) (GAP(map)), the same Linear

    With ``layers="released"``, gate and residual are each Conv3×3(w → C) ∘ ReLU ∘ Conv3×3(w → w) ∘ BN (x).

    The paper's network ends in that pooling and linear layer; an encoder of this harness has a linear layer of its own
    behind its pooled features, out of a composer's reach, so this one belongs to the composer.

    Args:
        params: which published start a0 and a1 have, the layers, and the embedding's width.
        context: the encoder's widths; it must give image maps.
    """

    def __init__(self, params: TirgLastConvComposerParams, context: BuildContext) -> None:
        super().__init__()
        shape = context.shape
        if not shape.image.maps:
            raise PairingError(
                "tirg-last-conv needs feature maps and this encoder gives none; use an encoder with maps."
            )
        channels = shape.image.maps[-1][0]
        both = channels + shape.text.width
        self.scaling = params.scaling
        self.gate, self.residual = _branches(both, channels, params.layers)
        self.sum = GatedResidual(params.scaling)
        self.embed = nn.Linear(channels, params.embed_width)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query ``[B, embed_width]`` from the last map ``[B, C, H, W]`` and the text ``[B, d_txt]``."""
        (image,) = reference.need_maps(1)
        height, width = image.shape[-2:]
        tiled = text.need_pooled()[:, :, None, None].expand(-1, -1, height, width)
        both = torch.cat([image, tiled], dim=1)
        composed = self.sum(self.gate(both), image, self.residual(both))
        return Embedding.single(finish(self._pool(composed), self.scaling))

    def embed_target(self, image: Features) -> Embedding:
        """The candidate ``[B, embed_width]`` from its last map."""
        return Embedding.single(self._pool(image.need_maps(1)[0]))

    def _pool(self, maps: Tensor) -> Tensor:
        pooled: Tensor = self.embed(maps.mean(dim=(2, 3)))
        return pooled


def _branches(both: int, channels: int, layers: Layers) -> tuple[nn.Sequential, nn.Sequential]:
    """Gate and residual."""
    if layers == RELEASED:
        gate, residual = (
            nn.Sequential(nn.BatchNorm2d(both), _conv(both, both), nn.ReLU(), _conv(both, channels)) for _ in range(2)
        )
        return gate, residual
    gate = nn.Sequential(nn.BatchNorm2d(both), nn.ReLU(), _conv(both, channels))
    residual = nn.Sequential(nn.BatchNorm2d(both), nn.ReLU(), _conv(both, both), nn.ReLU(), _conv(both, channels))
    return gate, residual


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1)
