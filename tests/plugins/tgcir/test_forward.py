"""Attributes, student and embeddings equal Eqs. 2–8 of the paper, computed once more with loops over Python floats."""

from __future__ import annotations

import pytest
import torch
from support.floats import f64

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PairingError
from cir_bench_tgcir.attributes import MASK_START
from cir_bench_tgcir.composer import TgcirComposer, late_fusion
from cir_bench_tgcir.params import TgcirComposerParams

SWITCHES = [
    {},
    {"pooling": "mean"},
    {"pooling": "all-mean", "text_length": 6},
    {"pooling": "all-mean", "text_length": 2},
    {"masks": "released"},
    {"global_attributes": None, "local_attributes": 5},
    {"ablation": "local-only"},
    {"ablation": "global-only"},
]


@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_attributes_of_images_and_texts(make_tgcir, random_batch, by_hand, switch) -> None:
    """Eqs. 2–4, padding included."""
    method, batch = make_tgcir(**switch), random_batch(1)
    hand = by_hand(method)
    torch.testing.assert_close(
        method.composer.image_attributes(batch.reference), f64(hand.attributes("image", batch.reference))
    )
    torch.testing.assert_close(method.composer.text_attributes(batch.text), f64(hand.attributes("text", batch.text)))


@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_query_and_candidate(make_tgcir, random_batch, by_hand, switch) -> None:
    """Eqs. 6 and 7, and the mean over attributes."""
    method, batch = make_tgcir(**switch), random_batch(2)
    hand = by_hand(method)
    pairs = zip(hand.attributes("image", batch.reference), hand.attributes("text", batch.text), strict=True)
    queries = [hand.mean(hand.student(reference, text)[2]) for reference, text in pairs]
    candidates = [hand.mean(attributes) for attributes in hand.attributes("image", batch.target)]
    torch.testing.assert_close(method.composer.compose(batch.reference, batch.text).main, f64(queries))
    torch.testing.assert_close(method.composer.embed_target(batch.target).main, f64(candidates))


def test_teacher(make_tgcir, random_batch, by_hand) -> None:
    """Eq. 8: keep by target and reference, replace by target and text, each learned by itself."""
    method, batch = make_tgcir(), random_batch(3)
    hand, composer = by_hand(method), method.composer
    taught = method.teacher(
        composer.image_attributes(batch.reference),
        composer.text_attributes(batch.text),
        composer.image_attributes(batch.target),
    )
    roles = (("image", batch.reference), ("text", batch.text), ("image", batch.target))
    items = zip(*(hand.attributes(*role) for role in roles), strict=True)
    keep, replace, attributes = zip(*(hand.teacher(*item) for item in items), strict=True)
    torch.testing.assert_close(taught.keep, f64(keep))
    torch.testing.assert_close(taught.replace, f64(replace))
    torch.testing.assert_close(taught.attributes, f64(attributes))
    assert not torch.allclose(taught.replace, 1 - taught.keep)


def test_late_fusion_scores_by_the_sum_of_the_attributes_cosines(make_tgcir, random_batch, by_hand) -> None:
    method, batch = make_tgcir(), random_batch(4)
    hand = by_hand(method)
    reference, target = hand.attributes("image", batch.reference), hand.attributes("image", batch.target)
    found = late_fusion(method.composer.image_attributes(batch.reference)).score(
        late_fusion(method.composer.image_attributes(batch.target))
    )
    torch.testing.assert_close(found, f64([[hand.late(r, t) for t in target] for r in reference]))


def test_pooled_basis_masks_the_encoder_s_own_feature(make_tgcir, random_batch, by_hand) -> None:
    """The paper's Eq. 2, where CLIP's joint width is D."""
    shape = EncoderShape(FeatureShape(pooled=4, tokens=3), FeatureShape(pooled=4, tokens=2))
    method, batch = make_tgcir(shape, global_basis="pooled"), random_batch(5, shape=shape)
    hand = by_hand(method)
    found = method.composer.image_attributes(batch.reference)
    torch.testing.assert_close(found, f64(hand.attributes("image", batch.reference)))
    assert not list(method.composer.global_attributes.project.parameters())


def test_half_as_many_global_as_local_attributes_unless_named(make_tgcir) -> None:
    for q, named, p in [(8, None, 4), (6, None, 3), (1, None, 1), (6, 5, 5)]:
        method = make_tgcir(local_attributes=q, global_attributes=named)
        assert method.composer.global_attributes.masks.shape == (p, 4)
        assert method.composer.local_attributes.weigh.out_features == q


def test_condition_masks_and_poolings_are_shared_by_reference_text_and_target(make_tgcir, random_batch) -> None:
    """One number of a mask, one of a pooling: attribute 0 (or 3) of all three elements changes, and no other."""
    method, batch = make_tgcir(), random_batch(6)
    composer = method.composer

    def elements() -> torch.Tensor:
        images = [composer.image_attributes(batch.reference), composer.image_attributes(batch.target)]
        return torch.stack([*images, composer.text_attributes(batch.text)]).detach()

    for parameter, attribute in ((composer.global_attributes.masks, 0), (composer.local_attributes.weigh.weight, 3)):
        before = elements()
        with torch.no_grad():
            parameter[0, 0] += 1.0
        changed = (elements() != before).any(dim=-1)
        assert changed[:, :, attribute].all()
        others = [k for k in range(7) if k != attribute]
        assert not changed[:, :, others].any()


def test_the_same_image_is_the_same_attributes_as_reference_and_as_target(make_tgcir, random_batch) -> None:
    composer, image = make_tgcir().composer, random_batch(7).reference
    assert torch.equal(composer.embed_target(image).main, composer.image_attributes(image).mean(dim=1))


def test_a_text_of_padding_alone_has_local_attributes_of_zero(make_tgcir, random_batch) -> None:
    for pooling in ("sum", "mean"):
        composer, text = make_tgcir(pooling=pooling).composer, random_batch(8).text
        empty = Features(pooled=text.pooled, tokens=text.tokens, mask=torch.zeros_like(text.mask))
        assert not composer.text_attributes(empty)[:, 3:].any()


def test_masks_start_apart_and_mostly_positive(small_shape) -> None:
    """Equal masks would have equal gradients and never come apart."""
    torch.manual_seed(0)
    shape = EncoderShape(FeatureShape(pooled=512, tokens=8), FeatureShape(pooled=512, tokens=8))
    masks = TgcirComposer(TgcirComposerParams(), BuildContext(shape)).global_attributes.masks
    assert masks.shape == (4, 512)
    assert masks.mean().item() == pytest.approx(MASK_START[0], abs=0.05)
    assert masks.std().item() == pytest.approx(MASK_START[1], abs=0.05)


def test_released_masks_start_block_by_block_and_pass_a_relu(make_tgcir, random_batch) -> None:
    """⌊4 / 3⌋ = 1 element each; a negative element is a zero."""
    composer, text = make_tgcir(masks="released").composer, random_batch(9).text
    masks = composer.global_attributes.masks
    expected = torch.full((3, 4), 0.1, dtype=torch.float64)
    expected[[0, 1, 2], [0, 1, 2]] = 1
    torch.testing.assert_close(masks.detach(), expected, atol=1e-6, rtol=0)
    with torch.no_grad():
        masks[1, 2] = -5.0
    assert not composer.text_attributes(text)[:, 1, 2].any()


def test_parameter_count_at_the_paper_s_size() -> None:
    """ViT-B/16: image tokens 768, word tokens 512, joint width 512."""
    shape = EncoderShape(FeatureShape(pooled=512, tokens=768), FeatureShape(pooled=512, tokens=512))
    composer = TgcirComposer(TgcirComposerParams(global_basis="pooled"), BuildContext(shape))
    d, p, q = 512, 4, 8
    student = (2 * d * d + d) + (d + 1)
    fully_connected = (768 * d + d) + (512 * d + d)
    assert sum(x.numel() for x in composer.parameters()) == p * d + q * (d + 1) + fully_connected + student


def test_pooled_basis_of_another_width_is_refused() -> None:
    shape = EncoderShape(FeatureShape(pooled=640, tokens=3), FeatureShape(pooled=640, tokens=2))
    with pytest.raises(PairingError, match=r"512.*640 \(images\).*set width"):
        TgcirComposer(TgcirComposerParams(global_basis="pooled"), BuildContext(shape))
    assert TgcirComposer(TgcirComposerParams(global_basis="pooled", width=640), BuildContext(shape))


@pytest.mark.parametrize("role", ["image", "text"])
def test_an_encoder_without_tokens_is_refused(role: str) -> None:
    with_tokens, without = FeatureShape(pooled=4, tokens=3), FeatureShape(pooled=4)
    shape = EncoderShape(without, with_tokens) if role == "image" else EncoderShape(with_tokens, without)
    with pytest.raises(PairingError, match=f"{role} tokens.*openclip:ViT-B-16"):
        TgcirComposer(TgcirComposerParams(), BuildContext(shape))
    assert TgcirComposer(TgcirComposerParams(attributes="global"), BuildContext(shape))
