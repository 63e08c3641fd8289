"""Every loss keeps the contract of a loss, with its switches and with one space or two."""

import torch
from torch import Tensor

from cir_bench import Embedding, joint_score
from cir_bench.testing import LossContract


class TestBatchClassification(LossContract):
    name = "batch-classification"
    variants = {"default": {}, "of-similarity": {"scale": 10.0, "scale_on": "similarity"}}


class TestBatchClassificationOfTwoSpaces(LossContract):
    name = "batch-classification"
    variants = {"joint": {}, "each": {"spaces": "each"}}
    spaces = ("local", "global")


class TestSoftTriplet(LossContract):
    name = "soft-triplet"
    variants = {"default": {}, "both": {"anchors": "both"}}


class TestSoftTripletOfTwoSpaces(LossContract):
    name = "soft-triplet"
    variants = {"joint": {}, "each": {"spaces": "each", "anchors": "both"}}
    spaces = ("local", "global")


class TestTripletHinge(LossContract):
    name = "triplet-hinge"
    variants = {"default": {}, "hardest": {"mining": "hardest"}}


class TestTripletHingeOfThreeLevels(LossContract):
    name = "triplet-hinge"
    params = {"margin": 2.0}  # wide enough that every space of the random batch still has something to learn
    spaces = ("low", "mid", "high")


class TestReleasedTripletHinge(LossContract):
    name = "triplet-hinge"
    params = {"mining": "released"}
    variants = {"each": {"margin": 2.0}, "joint": {"spaces": "joint", "margin": 8.0}}
    spaces = ("low", "mid", "high")

    def test_it_is_about_the_score_that_it_is_given(self) -> None:
        """Queries that equal their targets have the worst score of all, and then no negative counts in this mining."""
        _, target = self.embeddings()
        same = torch.eye(len(target)).bool()

        def opposite(queries: Embedding, candidates: Embedding) -> Tensor:
            return -joint_score(queries, candidates)

        assert self.loss()(target, target, same, opposite) == 0
        assert self.loss()(target, target, same) > 0
