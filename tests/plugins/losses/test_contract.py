"""Every loss keeps the contract of a loss, with its switches and with one space or two."""

from typing import ClassVar

from cir_bench.testing import LossContract


class TestBatchClassification(LossContract):
    name = "batch-classification"


class TestBatchClassificationOfSimilarity(LossContract):
    name = "batch-classification"
    params: ClassVar = {"scale": 10.0, "scale_on": "similarity"}


class TestBatchClassificationOfTwoSpaces(LossContract):
    name = "batch-classification"
    spaces = ("local", "global")


class TestBatchClassificationOfEachSpace(LossContract):
    name = "batch-classification"
    params: ClassVar = {"spaces": "each"}
    spaces = ("local", "global")


class TestSoftTriplet(LossContract):
    name = "soft-triplet"


class TestSoftTripletOfTwoSpaces(LossContract):
    name = "soft-triplet"
    spaces = ("local", "global")


class TestTripletHinge(LossContract):
    name = "triplet-hinge"


class TestTripletHingeOfThreeLevels(LossContract):
    name = "triplet-hinge"
    params: ClassVar = {"margin": 2.0}  # wide enough that every space of the made-up batch still has something to learn
    spaces = ("low", "mid", "high")
