"""SADN's ranking loss: a focal InfoNCE."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_sadn.params import FocalInfoNCEParams


class FocalInfoNCELoss(Loss):
    """Batch-based cross-entropy in which a query counts the more, the less sure of its target it is.

    ::

        p_i = exp(τ · s_ii) / (exp(τ · s_ii) + Σ_{j ∈ N_i} exp(τ · s_ij))
        L   = 1/B Σ_i −(1 − p_i)^γ · log p_i

    s_ij is the joint score of query i and target j (the cosine, with one space), N_i the targets that are not another
    copy of target i. A query without any negative contributes zero. γ = 0 is the plain InfoNCE.

    Source: SADN (Wang et al., ACM MM 2024, Eq. 13). As printed τ stands before the exponential, where it cancels; here
    it multiplies the similarity inside, as its value (100) says.

    Args:
        params: γ and τ, or where a learned τ starts. Learned is its square root, as TIRG's scale of both sides is.
        context: not read.
    """

    def __init__(self, params: FocalInfoNCEParams, context: BuildContext) -> None:
        super().__init__()
        self.gamma, self._tau = params.gamma, params.tau
        self.scale = nn.Parameter(torch.tensor(params.tau**0.5)) if params.learn_tau else None

    @property
    def tau(self) -> Tensor | float:
        """What the similarity is multiplied by."""
        return self._tau if self.scale is None else self.scale.square()

    def forward(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Tensor:
        """The scalar loss of B queries and their targets; arguments as for `Loss.forward`."""
        own = torch.eye(len(query), dtype=torch.bool, device=same_target.device)
        logits = (self.tau * score(query, target)).masked_fill(same_target & ~own, -torch.inf)
        log_p = F.log_softmax(logits, dim=1).diagonal()
        # 1 − p without cancellation; not quite 0, where a power below 1 has no derivative
        miss = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny ** 0.5)
        return -(miss**self.gamma * log_p).mean()  # Eq. 13
