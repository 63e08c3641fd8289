"""TIRG in all its variants keeps the contracts of composers and methods."""

from typing import ClassVar

from cir_bench.testing import ComposerContract, MethodContract


class TestComposer(ComposerContract):
    name = "tirg"


class TestLastConvComposer(ComposerContract):
    name = "tirg-last-conv"
    params: ClassVar = {"embed_width": 8}


class TestTirg(MethodContract):
    name = "tirg"


class TestNormed(MethodContract):
    name = "tirg"
    params: ClassVar = {"scaling": "normed"}


class TestSoftTriplet(MethodContract):
    name = "tirg"
    params: ClassVar = {"loss": "soft-triplet"}


class TestLastConv(MethodContract):
    name = "tirg"
    params: ClassVar = {"variant": "last-conv", "embed_width": 8}
