"""`ComposerContract`."""

from __future__ import annotations

import pytest
import torch

from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import ComposerSpec
from cir_bench.plugin.build import Builder
from cir_bench.plugin.needs import needs_of
from cir_bench.testing.asserts import without_gradient
from cir_bench.testing.base import seeded
from cir_bench.testing.composing import Composing
from cir_bench.testing.stepping import all_scores


class ComposerContract(Composing):
    """The contract of a composer: set ``name``, and ``params`` or ``shape`` where the defaults do not do.

    The random features have exactly the levels that its ``needs`` declare, with different widths of image and text
    unless ``needs.same_width``; so a composer that reads more than it declares fails.
    """

    def composer(self, seed: int = 0) -> Composer:
        """The composer by name, in evaluation mode."""
        self.find(ComposerSpec)
        with seeded(seed):
            builder = Builder(self.registry(), self.encoder_shape(), self.pseudo_words())
            return builder.composer(self.name, **self.parameters()).eval()

    def needs(self) -> Needs:
        """What its spec declares under these parameters."""
        registered = self.find(ComposerSpec)
        return needs_of(registered, make_params(registered.spec, self.parameters()))

    def test_gradients_reach_every_trainable_parameter(self) -> None:
        """Random weights on the scores, in training mode: every parameter has some gradient in one of three batches."""
        composer = self.composer().train()
        if not any(parameter.requires_grad for parameter in composer.parameters()):
            pytest.skip("it has no trainable parameters")
        missing = {name for name, _ in composer.named_parameters()}
        for seed in range(3):
            composer.zero_grad()
            with seeded(seed):
                inputs = (*self.query_features(batch=16, seed=seed), self.target_features(batch=16, seed=seed + 50))
                scores = all_scores(composer, *inputs)["score"]
                torch.autograd.backward((scores * torch.randn_like(scores)).sum())
            missing &= without_gradient(composer)
        assert missing == self.unused_parameters, f"parameters without gradient: {sorted(missing)}"
