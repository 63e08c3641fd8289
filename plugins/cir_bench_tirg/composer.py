"""TIRG on pooled features."""

from __future__ import annotations

import torch
from torch import nn

from cir_bench import BuildContext, Composer, Embedding, Features
from cir_bench_tirg.gating import GatedResidual, finish
from cir_bench_tirg.params import JOINT, TirgComposerParams


class TirgComposer(Composer):
    """Text and image residual gating (Vo et al., CVPR 2019).

    With x = [φ_img; φ_txt] of width w = d_img + d_txt::

        gate     = Linear(w → d_img) ∘ ReLU ∘ BN (x)
        residual = Linear(w → d_img) ∘ ReLU ∘ Linear(w → w) ∘ ReLU ∘ BN (x)
        f        = a0 · σ(gate) ⊙ φ_img + a1 · residual

    The paper has d_img = d_txt = d, so w = 2d.

    Args:
        params: which published start a0 and a1 have; with ``reads=joint``, φ_txt is the joint feature.
        context: the encoder's widths.
    """

    def __init__(self, params: TirgComposerParams, context: BuildContext) -> None:
        super().__init__()
        shape, self.joint = context.shape, params.reads == JOINT
        image = shape.image.width
        both = image + (shape.joint if self.joint else shape.text).width
        self.scaling = params.scaling
        self.gate = nn.Sequential(nn.BatchNorm1d(both), nn.ReLU(), nn.Linear(both, image))
        self.residual = nn.Sequential(
            nn.BatchNorm1d(both), nn.ReLU(), nn.Linear(both, both), nn.ReLU(), nn.Linear(both, image)
        )
        self.sum = GatedResidual(params.scaling)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The composition f ``[B, d_img]``."""
        image = reference.need_pooled()
        both = torch.cat([image, (text.need_joint() if self.joint else text).need_pooled()], dim=-1)
        composed = self.sum(self.gate(both), image, self.residual(both))
        return Embedding.single(finish(composed, self.scaling))
