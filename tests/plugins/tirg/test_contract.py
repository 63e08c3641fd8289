"""TIRG in all its variants keeps the contracts of composers and methods."""

from cir_bench.testing import ComposerContract, MethodContract


class TestComposer(ComposerContract):
    name = "tirg"
    variants = {"text": {}, "joint": {"reads": "joint"}}


class TestLastConvComposer(ComposerContract):
    name = "tirg-last-conv"
    params = {"embed_width": 8}
    variants = {"printed": {}, "released": {"layers": "released"}}


class TestTirg(MethodContract):
    name = "tirg"
    variants = {
        "default": {},
        "normed": {"scaling": "normed"},
        "soft-triplet": {"loss": "soft-triplet"},
        "last-conv": {"level": "last-conv", "embed_width": 8},
        "released": {"variant": "released", "loss": "soft-triplet"},
        "joint": {"reads": "joint"},
        "released-last-conv": {"variant": "released", "level": "last-conv", "embed_width": 8},
    }
