"""Names of published weights, there and here."""

from __future__ import annotations

from cir_bench import PublishedWeights

LAYOUT = PublishedWeights(names={"head": "out", "head.0": "first", "fc": "mlp.1"}, unused=("logit_scale", "vision"))


def test_a_name_stands_for_a_weight_or_for_all_weights_of_a_module() -> None:
    assert LAYOUT.ours("fc.weight") == "mlp.1.weight"
    assert LAYOUT.ours("fc") == "mlp.1"
    assert LAYOUT.ours("fc2.weight") == "fc2.weight"


def test_the_longest_name_wins() -> None:
    assert (LAYOUT.ours("head.0.bias"), LAYOUT.ours("head.1.bias")) == ("first.bias", "out.1.bias")


def test_names_lead_back() -> None:
    for name in ("head.0.bias", "head.1.bias", "fc.weight", "other"):
        assert LAYOUT.published(LAYOUT.ours(name)) == name


def test_unused_weights_are_named_by_themselves_or_by_their_module() -> None:
    assert LAYOUT.ignores("logit_scale")
    assert LAYOUT.ignores("vision.proj.weight")
    assert not LAYOUT.ignores("visionary.weight")
