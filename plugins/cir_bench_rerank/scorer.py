"""`CrossScorer`: a network that sees reference, text and candidate together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import EncoderShape, Features, Reranker
from cir_bench_rerank.params import RerankParams

SCALE = 20.0
"""Where the learned factor of the first stage's score starts, a cosine turned into a logit."""


class CrossScorer(Reranker):
    """s' = a · s + MLP([r; t; c; c − r; c ⊙ r]), with r, t, c layer-normalised and a learned, from 20.

    s is the score of the first stage. Pooled features of reference r and candidate c are ``[·, d_img]``, of the text t
    ``[·, d_txt]``.

    Args:
        params: K, the width of the hidden layers and their dropout.
        shape: the encoder's widths.
    """

    def __init__(self, params: RerankParams, shape: EncoderShape) -> None:
        super().__init__(params.k)
        image, text = shape.image.width, shape.text.width
        self.image, self.text = nn.LayerNorm(image), nn.LayerNorm(text)
        self.query = nn.Linear(image + text, params.width)
        self.candidate = nn.Linear(3 * image, params.width)
        self.rest = nn.Sequential(
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.width, params.width),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.width, 1),
        )
        self.log_scale = nn.Parameter(torch.tensor(SCALE).log())

    def rescore(self, reference: Features, text: Features, candidates: Features, first: Tensor) -> Tensor:
        """Scores ``[B, k]``, logits."""
        r, t = self.image(reference.need_pooled()), self.text(text.need_pooled())
        c = self.image(candidates.need_pooled()).unflatten(0, first.shape)
        r_of_each = r[:, None].expand_as(c)
        # the first layer of the MLP, in two parts: that of the query is computed once for all of its candidates
        of_query = self.query(torch.cat([r, t], dim=-1))
        of_pair = self.candidate(torch.cat([c, c - r_of_each, c * r_of_each], dim=-1))
        change: Tensor = self.rest(of_query[:, None] + of_pair).squeeze(-1)
        return self.log_scale.exp() * first + change
