"""Batch-based classification: every target of the batch is a class, the query's own is the right one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_losses.pairs import LearnedScale, similarities
from cir_bench_losses.params import BatchClassificationParams


class BatchClassificationLoss(Loss):
    """Cross-entropy of the batch's similarities against the diagonal.

    ::

        L = 1/B Σ_i −log( exp(f · s_ii) / (exp(f · s_ii) + Σ_{j ∈ N_i} exp(f · s_ij)) )

    s_ij is the score of query i and target j (the cosine, with one space), N_i the targets that are not another
    copy of target i, and the factor f is scale² (``scale_on="embeddings"``: query and target are both multiplied by
    the scale) or scale (``"similarity"``). A query without any negative contributes zero.

    Sources: TIRG (Vo et al., CVPR 2019, Eq. 5 with K = B; learnable scale of both embeddings, 4 at the start);
    CLVC-Net (Wen et al., SIGIR 2021; learnable multiplier of the cosine, 10); Combiner (Baldrati et al., CVPRW 2022;
    fixed multiplier of the cosine, 100).

    Args:
        params: the scale, what it multiplies, and how several spaces enter.
        context: not read.
    """

    def __init__(self, params: BatchClassificationParams, context: BuildContext) -> None:
        super().__init__()
        self.params = params
        self.scale = LearnedScale(params.scale, learn=params.learn_scale)

    def factor(self) -> Tensor:
        """What the similarity is multiplied by (scalar)."""
        scale: Tensor = self.scale()
        return scale.square() if self.params.scale_on == "embeddings" else scale

    def forward(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Tensor:
        """The scalar loss of B queries and their targets; arguments as for `Loss.forward`."""
        right = torch.arange(len(query), device=same_target.device)
        also_right = same_target & (right != right[:, None])
        losses = []
        for similarity, weight in similarities(query, target, self.params.spaces, score):
            logits = (self.factor() * similarity).masked_fill(also_right, -torch.inf)
            losses.append(weight * F.cross_entropy(logits, right))
        return torch.stack(losses).sum()
