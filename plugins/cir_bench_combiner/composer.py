"""The Combiner network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import BuildContext, Composer, Embedding, Features, PairingError
from cir_bench_combiner.params import JOINT, CombinerComposerParams


class CombinerComposer(Composer):
    """Combiner of CLIP4Cir (Baldrati et al., CVPRW 2022); SADN's Eq. 2 is the same module.

    With image features v and text features t of one width d, not normed::

        t' = Drop(ReLU(Linear(d → 4d) t)),  v' = Drop(ReLU(Linear(d → 4d) v)),  c = [t'; v']   (8d)
        λ  = σ(Linear(8d → 1)(Drop(ReLU(Linear(8d → 8d) c))))
        q  = normalise(Linear(8d → d)(Drop(ReLU(Linear(8d → 8d) c))) + λ · t + (1 − λ) · v)

    Args:
        params: widths in units of d (4 and 8 above), and the dropout; with ``reads=joint``, t is the joint feature.
        context: the encoder's widths, equal for v and t.
    """

    def __init__(self, params: CombinerComposerParams, context: BuildContext) -> None:
        super().__init__()
        shape, self.joint = context.shape, params.reads == JOINT
        width, text_width = shape.image.width, (shape.joint if self.joint else shape.text).width
        if text_width != width:
            what = "joint" if self.joint else "text"
            raise PairingError(
                f"combiner adds image and {what} features, whose widths are {width} and {text_width} here; choose an "
                "encoder with features of one width."
            )
        projected, hidden = params.projection * width, params.hidden * width
        self.project_text = _hidden(width, projected, params.dropout)
        self.project_image = _hidden(width, projected, params.dropout)
        self.output = nn.Sequential(_hidden(2 * projected, hidden, params.dropout), nn.Linear(hidden, width))
        self.mixing = nn.Sequential(_hidden(2 * projected, hidden, params.dropout), nn.Linear(hidden, 1))

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query q ``[B, d]``."""
        v, t = reference.need_pooled(), (text.need_joint() if self.joint else text).need_pooled()
        joined = torch.cat([self.project_text(t), self.project_image(v)], dim=-1)
        mix: Tensor = torch.sigmoid(self.mixing(joined))
        return Embedding.single(F.normalize(self.output(joined) + mix * t + (1 - mix) * v, dim=-1))


def _hidden(width_in: int, width_out: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width_in, width_out), nn.ReLU(), nn.Dropout(dropout))
