"""Every loss keeps the contract of a loss, with its switches and with one space or two."""

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


class TestSoftTripletOfTwoSpaces(LossContract):
    name = "soft-triplet"
    spaces = ("local", "global")


class TestTripletHinge(LossContract):
    name = "triplet-hinge"


class TestTripletHingeOfThreeLevels(LossContract):
    name = "triplet-hinge"
    params = {"margin": 2.0}  # wide enough that every space of the random batch still has something to learn
    spaces = ("low", "mid", "high")
