"""TIRG in all its variants keeps the contracts of composers and methods."""

from cir_bench.plugin.testing import ComposerContract, MethodContract


class TestComposer(ComposerContract):
    name = "tirg"


class TestLastConvComposer(ComposerContract):
    name = "tirg-last-conv"
    params = {"embed_width": 8}


class TestTirg(MethodContract):
    name = "tirg"


class TestNormed(MethodContract):
    name = "tirg"
    params = {"scaling": "normed"}


class TestSoftTriplet(MethodContract):
    name = "tirg"
    params = {"loss": "soft-triplet"}


class TestLastConv(MethodContract):
    name = "tirg"
    params = {"variant": "last-conv", "embed_width": 8}
