"""What share of the gradient each loss term has: a term of weight 1 may be next to nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from cir_bench.interfaces.method import TrainStep


class GradientShares:
    """Adds up the gradient norms of the terms of a batch's steps.

    A term's share is the norm of its weighted gradient with respect to ``parameters``, over the sum of all terms'
    norms. Where gradients point in different directions, shares do not say what each contributes to the step.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self._parameters: Sequence[nn.Parameter] = [one for one in parameters if one.requires_grad]
        self._norms: dict[str, float] = defaultdict(float)

    def add(self, step: TrainStep) -> None:
        """Take the gradients of a step's terms; its graph is kept for the backward pass, ``grad`` is not touched."""
        for name, term in step.terms.items():
            if not term.requires_grad:
                self._norms[name] += 0.0
                continue
            weighted = step.weights.get(name, 1.0) * term
            found = torch.autograd.grad(weighted, self._parameters, retain_graph=True, allow_unused=True)
            norms = [gradient.detach().double().norm() for gradient in found if gradient is not None]
            self._norms[name] += float(torch.stack(norms).norm()) if norms else 0.0

    def shares(self) -> dict[str, float]:
        """By term, in 0 … 1, with the sum 1; empty for a single term, or if no gradient is positive and finite."""
        total = sum(self._norms.values())
        if len(self._norms) < 2 or not 0 < total < float("inf"):
            return {}
        return {name: norm / total for name, norm in self._norms.items()}
