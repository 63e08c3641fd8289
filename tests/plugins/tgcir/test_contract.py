"""TG-CIR, under every switch, keeps the contracts of composers and methods."""

from cir_bench import EncoderShape, FeatureShape
from cir_bench.testing import ComposerContract, MethodContract
from cir_bench.testing.features import other_padding

SMALL = {"width": 8, "local_attributes": 4}


class TestComposer(ComposerContract):
    name = "tgcir"
    params = SMALL
    variants = {
        "default": {},
        "mean-pooling": {"pooling": "mean"},
        "local": {"attributes": "local"},
        "global": {"attributes": "global"},
        "joint": {"reads": "joint"},
    }


class TestComposerThatReadsPadding(ComposerContract):
    name = "tgcir"
    params = SMALL | {"pooling": "all-mean", "text_length": 6, "masks": "released"}

    def test_padding_is_not_read(self) -> None:
        """Here that of texts is."""
        composer, (reference, text) = self.composer(), self.query_features()
        found, other = (composer.compose(reference, one).joint() for one in (text, other_padding(text)))
        assert not found.allclose(other)


class TestPooledBasis(ComposerContract):
    name = "tgcir"
    params = SMALL | {"global_basis": "pooled"}
    shape = EncoderShape(FeatureShape(pooled=8, tokens=6), FeatureShape(pooled=8, tokens=5))


class TestTgcir(MethodContract):
    name = "tgcir"
    params = SMALL
    variants = {
        "default": {},
        "joint": {"reads": "joint"},
        "local-only": {"ablation": "local-only"},
        "global-only": {"ablation": "global-only", "teacher_detach": "none"},
        "no-ortho": {"ablation": "no-ortho", "teacher_detach": "branch"},
        "no-target-guide": {"ablation": "no-target-guide"},
        "no-target-guide-c": {"ablation": "no-target-guide-c"},
        "no-target-guide-m": {"ablation": "no-target-guide-m"},
        "released": {"variant": "released", "pooling": "mean"},
        "released-no-target-guide": {"variant": "released", "pooling": "mean", "ablation": "no-target-guide"},
    }
