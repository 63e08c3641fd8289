"""`LossContract`."""

from __future__ import annotations

import itertools
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench.interfaces.embedding import MAIN, Embedding, joint_score
from cir_bench.interfaces.features import EncoderShape
from cir_bench.interfaces.loss import Loss
from cir_bench.interfaces.specs import LossSpec
from cir_bench.plugin.build import Builder
from cir_bench.testing.asserts import assert_same, without_gradient
from cir_bench.testing.base import Contract, seeded
from cir_bench.testing.devices import assert_on_gpu, pretend_gpu

BATCH = 5
WIDTH = 6
DISTINCT = torch.eye(BATCH).bool()
"""``same_target`` of a batch whose targets are all different."""


class LossContract(Contract):
    """The contract of a loss: set ``name``, and ``params`` or ``spaces`` where the defaults do not do."""

    spaces: ClassVar[tuple[str, ...]] = (MAIN,)
    """Names of the spaces of the random embeddings."""
    uses_negatives: ClassVar[bool] = True
    """False for a loss that looks only at each query's own target."""

    def loss(self, seed: int = 0) -> Loss:
        """The loss by name."""
        self.find(LossSpec)
        with seeded(seed):
            return Builder(self.registry(), EncoderShape()).loss(self.name, **self.parameters())

    def embeddings(self, seed: int = 1, batch: int = BATCH) -> tuple[Embedding, Embedding]:
        """Random float32 queries and targets that resemble them a little."""
        generator = torch.Generator().manual_seed(seed)
        query = {name: torch.randn(batch, WIDTH, generator=generator) for name in self.spaces}
        target = {
            name: 0.5 * vectors + torch.randn(batch, WIDTH, generator=generator) for name, vectors in query.items()
        }
        return Embedding(query), Embedding(target)

    def test_it_is_one_finite_number_in_the_embeddings_dtype(self) -> None:
        """A scalar, finite, also when every target of the batch is the same image."""
        query, target = self.embeddings()
        for same in (DISTINCT, torch.ones(BATCH, BATCH).bool()):
            value = self.loss()(query, target, same)
            assert value.shape == ()
            assert value.dtype == torch.float32
            assert bool(torch.isfinite(value))

    def test_one_seed_one_value(self) -> None:
        """Two losses from one seed give the same value."""
        first = _value(self.loss(seed=4), self.embeddings(), DISTINCT)
        assert_same(_value(self.loss(seed=4), self.embeddings(), DISTINCT), first, "loss")

    def test_the_order_of_the_batch_does_not_matter(self) -> None:
        """Triplets in another order give the same value."""
        query, target = self.embeddings()
        same = DISTINCT.clone()
        same[0, 3] = same[3, 0] = True
        order = torch.tensor([3, 1, 4, 0, 2])
        loss = self.loss()
        shuffled = _value(loss, (query[order], target[order]), same[order][:, order])
        assert_same(shuffled, _value(loss, (query, target), same), "loss")

    def test_right_answers_cost_less_than_wrong_ones(self) -> None:
        """Queries that equal their targets cost less than queries that equal each other's."""
        _, target = self.embeddings()
        loss = self.loss()
        assert loss(target, target, DISTINCT) < loss(target, target[torch.arange(BATCH).roll(1)], DISTINCT)

    def test_it_is_about_the_score_that_it_is_given(self) -> None:
        """With the opposite of the joint score, queries that equal their targets cost more than the others."""
        _, target = self.embeddings()
        same = torch.eye(BATCH).bool()
        loss = self.loss()
        right, wrong = target, target[torch.arange(BATCH).roll(1)]
        assert loss(right, target, same, _opposite) > loss(wrong, target, same, _opposite)

    def test_gradients_reach_queries_and_targets_and_every_parameter(self) -> None:
        """Both sides get gradients in every space, and so does every parameter of the loss."""
        loss = self.loss()
        leaves = [
            {name: vectors.clone().requires_grad_() for name, vectors in side.spaces.items()}
            for side in self.embeddings()
        ]
        loss(Embedding(leaves[0]), Embedding(leaves[1]), DISTINCT).backward()
        for role, side in zip(("query", "target"), leaves, strict=True):
            for name, vectors in side.items():
                reached = vectors.grad is not None and bool(vectors.grad.abs().sum() > 0)
                assert reached, f"the space {name} of the {role} gets no gradient"
        assert not without_gradient(loss)

    def test_the_gradient_is_the_derivative(self) -> None:
        """Numerical and analytical derivatives agree in float64."""
        loss = self.loss().double()
        sides = [list(side.to(dtype=torch.float64).spaces.values()) for side in self.embeddings()]

        def value(*vectors: Tensor) -> Tensor:
            half = len(self.spaces)
            sides = (vectors[:half], vectors[half:])
            query, target = (Embedding(dict(zip(self.spaces, side, strict=True))) for side in sides)
            return loss(query, target, DISTINCT)  # type: ignore[no-any-return] # nn.Module.__call__ is untyped

        leaves = [vectors.requires_grad_() for side in sides for vectors in side]
        assert torch.autograd.gradcheck(value, leaves)

    def test_another_copy_of_the_target_is_not_a_negative(self) -> None:
        """Query i coming nearer to target j does not raise the loss where ``same_target[i, j]``; elsewhere it does.

        Only the score of the pair (i, j) changes: query i and target j share a component, in place of one that no other
        vector has, so that all norms and all other scores stay.
        """
        loss = self.loss().double()
        rises = []
        for i, j in itertools.permutations(range(BATCH), 2):
            apart, near = (self._with_pair(i, j, share) for share in (0.0, 0.6))
            rises.append(bool(loss(*near, DISTINCT) > loss(*apart, DISTINCT) + 1e-9))
            same = DISTINCT.clone()
            same[i, j] = same[j, i] = True
            change = float((loss(*near, same) - loss(*apart, same)).detach())
            assert change <= 1e-9, f"the masked pair {i}, {j} was used as a negative: the loss rose by {change:.3g}"
        assert any(rises) or not self.uses_negatives, "no other target of the batch is used as a negative"

    def _with_pair(self, i: int, j: int, share: float) -> tuple[Embedding, Embedding]:
        """Unit vectors whose only variable score is that of query ``i`` and target ``j``: it rises by ``share`` / 2."""
        query, target = (side.to(dtype=torch.float64) for side in self.embeddings())
        return _with_component(query, i, share, first=0), _with_component(target, j, share, first=BATCH)

    def test_it_is_on_the_device_of_the_embeddings(self) -> None:
        """On a GPU, nothing is left on the CPU: tried with fake tensors, see `cir_bench.testing.devices`."""
        loss, sides = self.loss(), self.embeddings()
        with pretend_gpu() as gpu:
            gpu.module(loss)
            query, target = (Embedding({name: gpu.tensor(one) for name, one in side.spaces.items()}) for side in sides)
            same = gpu.tensor(DISTINCT)
            assert_on_gpu("the loss", lambda: {"loss": loss(query, target, same)})

    def test_its_state_is_all_in_the_state_dict(self) -> None:
        """Another instance that loads the state dict gives the same value."""
        first, second = self.loss(seed=1), self.loss(seed=2)
        for parameter in first.parameters():
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
        second.load_state_dict(first.state_dict())
        expected = _value(first, self.embeddings(), DISTINCT)
        assert_same(_value(second, self.embeddings(), DISTINCT), expected, "loss")


def _value(loss: Loss, sides: tuple[Embedding, Embedding], same: Tensor) -> Tensor:
    with seeded(0):
        value: Tensor = loss(*sides, same)
    return value


def _opposite(query: Embedding, target: Embedding) -> Tensor:
    return -joint_score(query, target)


def _with_component(side: Embedding, row: int, share: float, first: int) -> Embedding:
    """Each row keeps half of its squared norm; the other half is a direction of its own (columns 1 + ``first`` …).

    One ``row`` has ``share`` of that half in column 0 instead.
    """
    more = torch.zeros(BATCH, 1 + 2 * BATCH, dtype=torch.float64)
    more[torch.arange(BATCH), 1 + first + torch.arange(BATCH)] = 1.0
    more[row] *= (1 - share) ** 0.5
    more[row, 0] = share**0.5
    halves = {name: torch.cat([F.normalize(v, dim=1), more], dim=1) / 2**0.5 for name, v in side.spaces.items()}
    return Embedding(halves, side.weights)
