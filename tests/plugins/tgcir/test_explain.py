"""What TG-CIR shows of a query: its keep mask, attribute by attribute."""

import pytest
import torch

from cir_bench import NamedWeights


def test_the_keep_mask_is_the_student_s_own(make_tgcir, random_batch, by_hand):
    method, batch = make_tgcir(), random_batch()
    (shown,) = method.composer.explain(batch.reference, batch.text, None)
    assert isinstance(shown, NamedWeights)
    hand = by_hand(method)
    pairs = zip(hand.attributes("image", batch.reference), hand.attributes("text", batch.text), strict=True)
    expected = [hand.student(reference, text)[0] for reference, text in pairs]
    torch.testing.assert_close(shown.values, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize(
    ("ablation", "names"),
    [
        ("none", ["global 1", "global 2", "global 3", "local 1", "local 2", "local 3", "local 4"]),
        ("local-only", ["local 1", "local 2", "local 3", "local 4"]),
        ("global-only", ["global 1", "global 2", "global 3"]),
    ],
)
def test_every_attribute_has_its_name(make_tgcir, random_batch, ablation, names):
    method, batch = make_tgcir(ablation=ablation), random_batch()
    (shown,) = method.composer.explain(batch.reference, batch.text, None)
    assert list(shown.names) == names
