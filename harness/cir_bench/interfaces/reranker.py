"""`Reranker`: a second stage that looks at reference, text and one candidate together and rescores the best K."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from cir_bench.errors import ConfigError, RunError
from cir_bench.interfaces.features import Features


class Reranker(nn.Module, ABC):
    """Rescores the best K candidates of a first stage, which is a composer (Liu et al., TMLR 2024).

    A first stage embeds queries and candidates apart, so that a whole gallery can be searched. A second stage reads a
    query and a candidate together, which is too slow for a gallery but not for K candidates. The rescored candidates
    come first, in the order of their new scores; all others follow in the order of the first stage.

    It belongs to a method (`Method.reranker`). `TwoStageMethod` trains one.

    Args:
        k: K, how many candidates of each query are rescored.

    Raises:
        ConfigError: K is less than 1.
    """

    rescoring: Tensor
    """A buffer, bool: false while it is not trained yet, and evaluation then ranks by the first stage alone."""

    def __init__(self, k: int = 50) -> None:
        super().__init__()
        if k < 1:
            raise ConfigError(f"a second stage rescores at least one candidate, but k is {k}.")
        self.k = k
        self.register_buffer("rescoring", torch.tensor(True))

    @abstractmethod
    def rescore(self, reference: Features, text: Features, candidates: Features, first: Tensor) -> Tensor:
        """New scores of B queries' k candidates each; higher is better, and only the order of each row counts.

        A score must not depend on the other candidates or queries of the call: evaluation asks for any number of them
        at a time, and pads short lists.

        Args:
            reference: features of the B reference images.
            text: features of the B modification texts.
            candidates: features of B · k images, those of the first query first.
            first: ``[B, k]`` float, the scores of the first stage.

        Returns:
            ``[B, k]``, floating point.
        """


def rescored_as(first: Tensor, scores: Tensor) -> Tensor:
    """What `Reranker.rescore` returned for ``first`` ``[B, k]``; `RunError` if it has another shape."""
    if scores.shape != first.shape:
        raise RunError(
            f"rescore returned scores {list(scores.shape)} for {len(first)} queries with {first.shape[1]} candidates "
            f"each; return {list(first.shape)}."
        )
    return scores
