"""`rerank` keeps the contract of methods with a second stage, around several composers."""

from cir_bench.testing import RerankerContract


class TestRerank(RerankerContract):
    name = "rerank"
    params = {"width": 16}
    variants = {
        "tirg": {},
        "combiner": {"first": "combiner", "first_params": {"combiner": {"hidden": 8, "projection": 8}}},
        "last-conv": {"first": "tirg-last-conv", "first_params": {"tirg-last-conv": {"embed_width": 8}}},
    }
