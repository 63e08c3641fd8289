"""CLVC-Net, under every switch, keeps the contracts of composers and methods."""

from cir_bench.testing import ComposerContract, MethodContract
from cir_bench.testing.features import other_padding

SMALL = {"width": 8}


class TestComposer(ComposerContract):
    name = "clvcnet"
    params = SMALL
    variants = {
        "default": {},
        "average": {"alignment": "average"},
        "local": {"networks": "local"},
        "global": {"networks": "global"},
        "released": {"inception": "released", "target_layer": "own", "transform_bias": False},
    }


class TestComposerThatReadsPadding(ComposerContract):
    name = "clvcnet"
    params = SMALL | {"inception": "released", "padding": "words", "text_length": 6}

    def test_padding_is_not_read(self) -> None:
        """Here it is: padding words are words."""
        composer, (reference, text) = self.composer(), self.query_features()
        found, other = (composer.compose(reference, one).joint() for one in (text, other_padding(text)))
        assert not found.allclose(other)


class TestClvcnet(MethodContract):
    name = "clvcnet"
    params = SMALL
    variants = {
        "default": {},
        "avgpool": {"ablation": "avgpool", "feature_distance": "normed"},
        "no-mutual": {"ablation": "no-mutual"},
        "no-mutual-kl": {"ablation": "no-mutual-kl", "temperature": "divide"},
        "no-mutual-feature": {"ablation": "no-mutual-feature"},
        "local-only": {"ablation": "local-only"},
        "global-only": {"ablation": "global-only"},
        "local-only+": {"ablation": "local-only+"},
        "global-only+": {"ablation": "global-only+"},
        "released": {"variant": "released", "padding": "masked"},
    }
