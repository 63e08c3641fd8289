"""`Loss`: a term of the training objective, computed from the query and target embeddings of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from cir_bench.interfaces.build import BuildContext
from cir_bench.interfaces.embedding import Embedding, ScoreFunction, joint_score
from cir_bench.params.models import Params


class Loss(nn.Module, ABC):
    """One loss of the field, with the paper's name for it; it may own learnable parameters (a scale).

    Constructed as ``Class(params, context)``; few losses need the context, and the base class uses neither.
    """

    def __init__(self, params: Params | None = None, context: BuildContext | None = None) -> None:
        super().__init__()

    @abstractmethod
    def forward(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Tensor:
        """The scalar loss.

        Args:
            query: B query embeddings.
            target: B target embeddings; row i is the target of query i.
            same_target: ``[B, B]`` bool, true where target j is also a right answer to query i (always on the
                diagonal). Off the diagonal such pairs must not be used as negatives.
            score: what queries and candidates are ranked by at evaluation (`Composer.scorer`), and so what a loss must
                be about: ``score(query, target)`` is ``[B, B]``. It is `joint_score` itself unless the composer has a
                score of its own; only then may a loss use cosines or distances of the embeddings instead.
        """
