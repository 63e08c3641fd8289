"""What the method composes with in which stage."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import Composer, Embedding, Features


class StagedComposer(Composer):
    """normalise(v + t) while the encoder is fine-tuned, the Combiner otherwise.

    Which of the two it is belongs to the weights (a buffer), so that a checkpoint chosen during fine-tuning is
    evaluated, now or after loading it, with the composition that it was trained with.

    Args:
        combiner: the Combiner.
    """

    summing: Tensor

    def __init__(self, combiner: Composer) -> None:
        super().__init__()
        self.combiner = combiner
        self.register_buffer("summing", torch.tensor(False))

    def use_sum(self, yes: bool) -> None:
        """Compose by the sum from now on, or by the Combiner."""
        self.summing.fill_(yes)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query ``[B, d]``."""
        if self.summing:
            return Embedding.single(F.normalize(reference.need_pooled() + text.need_pooled(), dim=-1))
        return self.combiner.compose(reference, text)

    def embed_target(self, image: Features) -> Embedding:
        """The candidate's pooled features ``[B, d]``."""
        return self.combiner.embed_target(image)
