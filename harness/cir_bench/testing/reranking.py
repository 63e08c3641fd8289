"""`RerankerContract`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor

from cir_bench.interfaces.features import Features
from cir_bench.interfaces.reranker import Reranker
from cir_bench.testing.asserts import assert_finite, assert_same, assert_same_tensors
from cir_bench.testing.base import seeded
from cir_bench.testing.devices import assert_on_gpu, pretend_gpu
from cir_bench.testing.features import other_padding, random_features, zeros
from cir_bench.testing.method import MethodContract

QUERIES, CANDIDATES = 5, 4


class Pairs(NamedTuple):
    """What a reranker is asked for: `Reranker.rescore`."""

    reference: Features
    text: Features
    candidates: Features
    first: Tensor

    @property
    def features(self) -> tuple[Features, Features, Features]:
        """Of references, texts and candidates."""
        return self.reference, self.text, self.candidates

    def with_features(self, change: Callable[[Features], Features]) -> Pairs:
        """With changed features, and the same first scores."""
        return Pairs(change(self.reference), change(self.text), change(self.candidates), self.first)


class RerankerContract(MethodContract):
    """The contract of a method with a second stage: set ``name``. It includes `MethodContract`.

    The checks ask ``Method.reranker`` for the scores of random features of exactly the declared levels.
    """

    def reranker(self, seed: int = 0) -> Reranker:
        """The method's second stage, in evaluation mode."""
        found = self.method(seed).eval().reranker
        assert found is not None, "the method has no second stage: set self.reranker in its constructor"
        return found

    def pairs(self, seed: int = 30) -> Pairs:
        """Five queries with four candidates each."""
        shape = self.encoder_shape()
        reference, text = self.query_features(QUERIES, seed)
        candidates = random_features(shape.image, QUERIES * CANDIDATES, seed + 2, self.branches())
        with seeded(seed):
            return Pairs(reference, text, candidates, torch.rand(QUERIES, CANDIDATES))

    def rescored(self, reranker: Reranker, pairs: Pairs) -> Tensor:
        """New scores, without gradient."""
        with torch.no_grad():
            return reranker.rescore(*pairs)

    def test_every_candidate_gets_one_finite_score(self) -> None:
        """``[B, k]``, finite even for features of zeros, and in bfloat16; K is at least 1."""
        reranker, pairs = self.reranker(), self.pairs()
        assert reranker.k >= 1
        scores = self.rescored(reranker, pairs)
        assert scores.shape == (QUERIES, CANDIDATES), f"the scores are {list(scores.shape)}"
        empty = pairs.with_features(zeros)
        with torch.autocast("cpu", torch.bfloat16):
            lower = self.rescored(reranker, pairs)
        assert_finite({"scores": scores, "of zeros": self.rescored(reranker, empty), "in bfloat16": lower}, "rescore")

    def test_a_score_depends_on_its_own_pair_alone(self) -> None:
        """One query with one candidate at a time, or other candidates beside it: the same score."""
        reranker, pairs = self.reranker(), self.pairs()
        scores = self.rescored(reranker, pairs)
        for query in range(QUERIES):
            for place in range(CANDIDATES):
                rows, candidate = slice(query, query + 1), query * CANDIDATES + place
                alone = Pairs(
                    pairs.reference[rows],
                    pairs.text[rows],
                    pairs.candidates[slice(candidate, candidate + 1)],
                    pairs.first[rows, place : place + 1],
                )
                found = self.rescored(reranker, alone)[0, 0]
                assert_same(found, scores[query, place], f"candidate {place} of query {query}, alone")

    def test_a_score_reads_no_padding(self) -> None:
        """Other values where the mask marks padding give the same scores, and no feature is changed in place."""
        reranker, pairs = self.reranker(), self.pairs()
        before = deepcopy(pairs)
        scores = self.rescored(reranker, pairs)
        for ours, theirs in zip(pairs.features, before.features, strict=True):
            assert_same_tensors(ours.tensors(), theirs.tensors(), "changed in place: ")
        others = pairs.with_features(other_padding)
        assert_same(self.rescored(reranker, others), scores, "other padding")

    def test_scoring_pairs_has_no_randomness(self) -> None:
        """In evaluation mode, scores do not depend on the random generator's state."""
        reranker, pairs = self.reranker(), self.pairs()
        with seeded(1):
            first = self.rescored(reranker, pairs)
        with seeded(2):
            again = self.rescored(reranker, pairs)
        assert torch.equal(again, first), "other scores with another state of the random generator"

    def test_pairs_are_scored_on_the_device_of_the_features(self) -> None:
        """On a GPU, nothing is left on the CPU: tried with fake tensors, see `cir_bench.testing.devices`."""
        reranker, pairs = self.reranker(), self.pairs()
        with pretend_gpu() as gpu:
            gpu.module(reranker)
            moved = pairs.with_features(gpu.features)._replace(first=gpu.tensor(pairs.first))
            assert_on_gpu("rescoring", lambda: {"score": reranker.rescore(*moved)})

    def test_the_second_stages_weights_are_all_in_the_state_dict(self) -> None:
        """Another instance that loads the method's state gives the same scores."""
        first, second = self.method(seed=1).eval(), self.method(seed=2).eval()
        second.load_state_dict(first.state_dict())
        assert first.reranker is not None
        assert second.reranker is not None
        pairs = self.pairs()
        assert_same(self.rescored(second.reranker, pairs), self.rescored(first.reranker, pairs), "scores")
