"""VAL, under every switch, keeps the contracts of composers and methods."""

from cir_bench.testing import ComposerContract, MethodContract

LEVELS = ("level1", "level2", "level3")
PAPER = (
    "queries.weight",
    "queries.bias",
    "keys.weight",
    "values.weight",
    "values.bias",
    "out.0.weight",
    "out.0.bias",
)
RELEASED = ("queries.weight", "keys.weight", "values.weight", "out.0.weight", "out.1.weight", "out.1.bias")


def behind_w_sa(transformers: str, names: tuple[str, ...]) -> frozenset[str]:
    """w_sa is 0 at the start (published), so on the first step nothing behind it has a gradient."""
    return frozenset(f"{transformers}.{level}.self_attention.{name}" for level in LEVELS for name in names)


class TestComposer(ComposerContract):
    name = "val"
    unused_parameters = behind_w_sa("transformers", PAPER)


class TestComposerOfOtherGraphs(ComposerContract):
    name = "val"
    variants = {
        "no-self-attention": {"ablation": "no-self-attention"},
        "no-joint-attention": {"ablation": "no-joint-attention"},
        "released": {"layers": "released", "ablation": "no-joint-attention", "heads": 1},
    }


class TestVal(MethodContract):
    name = "val"
    unused_parameters = behind_w_sa("composer.transformers", PAPER)


class TestReleasedVal(MethodContract):
    name = "val"
    params = {"variant": "released"}
    unused_parameters = behind_w_sa("composer.transformers", RELEASED)


class TestValWithSideText(MethodContract):
    name = "val"
    variants = {
        "joint": {"side_text": "joint", "ablation": "no-joint-attention"},
        "pretrain": {"side_text": "pretrain", "ablation": "no-self-attention", "layers": "released"},
    }
