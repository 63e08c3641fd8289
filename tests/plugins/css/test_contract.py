"""css keeps the contract of a data set."""

from cir_bench.testing import DatasetContract


class TestCss(DatasetContract):
    name = "css"
    split = "test"
