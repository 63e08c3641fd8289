import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.building import provides
from torch import nn

from cir_bench import ConfigError, Context, DataError, ImageRef, TrainCorpus, levels
from cir_bench.interfaces.spec_params import make_params
from cir_bench.testing import EncoderContract
from cir_bench_encoders import ENCODERS
from cir_bench_encoders.cnn_lstm import CnnLstm
from cir_bench_encoders.cnn_lstm_params import CnnLstmParams
from cir_bench_encoders.vocabulary import UNKNOWN, Vocabulary, words_of

from .conftest import images_of, without_gradient

SPEC = next(spec for spec in ENCODERS if spec.name == "cnn-lstm")
SMALL = {"backbone": "small", "image_size": 48, "width": 16, "word_width": 8, "lstm_width": 12}
CORPUS = TrainCorpus(("a blue T-shirt", "is red", "red and longer"))


class TestContract(EncoderContract):
    name = "cnn-lstm"
    params = SMALL
    variants = {
        "default": {},
        "val": {"text_pooling": "max"},
        "unstrided": {"last_stride": 1},
        "augmented": {"flip": True, "crop": 0.8},
        "released": {"resize": "squash", "crop": 0.8, "text_norm": True, "punctuation": "removed"},
    }


@pytest.fixture
def make(tmp_path):
    def build(seed=0, fit=True, **params):
        encoder = CnnLstm(CnnLstmParams(**SMALL | params), Context(None, tmp_path, seed=seed))
        if fit:
            encoder.fit(CORPUS)
        return encoder.eval()

    return build


@pytest.fixture
def any_weights(monkeypatch):
    """Large networks of which only the structure is looked at: their weights are not drawn."""
    for name in ("kaiming_uniform_", "kaiming_normal_", "uniform_", "normal_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


def test_the_initial_weights_are_those_of_the_seed(make):
    torch.manual_seed(1)
    first = make(seed=5).weights_digest()
    torch.manual_seed(2)
    assert make(seed=5).weights_digest() == first
    assert make(seed=6).weights_digest() != first


def test_making_one_leaves_the_random_generator_alone(make):
    before = torch.get_rng_state()
    make()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_vocabulary_is_that_of_the_train_split_and_part_of_the_digest(make):
    encoder = make()
    assert json.loads(json.dumps(encoder.extra_state())) == {
        "words": ["a", "and", "blue", "is", "longer", "red", "shirt", "t"]
    }
    other = make(fit=False)
    other.fit(TrainCorpus(("a blue T-shirt", "is red", "red and shorter")))  # as many words
    other.load_state_dict(encoder.state_dict())
    assert other.weights_digest() != encoder.weights_digest()


def test_unknown_words_share_one_vector_that_starts_at_zero(make):
    encoder = make()
    texts = encoder.encode_texts(["qwerty", "asdf", "", "red"], levels("pooled")).pooled
    assert torch.equal(texts[0], texts[1])
    assert torch.equal(texts[0], texts[2])
    assert not torch.equal(texts[0], texts[3])
    assert encoder.text.embedding.weight[UNKNOWN].abs().sum() == 0


def test_rare_words_are_unknown_words():
    assert Vocabulary.of(["red red blue", "blue green"], min_count=2).words == ("blue", "red")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_text_becomes_at_least_one_word_number(texts):
    vocabulary = Vocabulary.of(texts)
    numbers, lengths = vocabulary.encode(texts)
    assert lengths.min() >= 1
    for text, row, length in zip(texts, numbers, lengths, strict=True):
        assert length == max(1, len(words_of(text)))
        assert (row[length:] == 0).all()
        assert (row[:length] > 0).all()
        assert row.max() < len(vocabulary)


def test_tokens_are_hidden_states_and_pooling_takes_the_last_or_the_maximum(make):
    for pooling in ("last", "max"):
        encoder = make(text_pooling=pooling)
        features = encoder.encode_texts(["red", "a blue shirt"], levels("pooled", "tokens"))
        assert features.mask.tolist() == [[True, False, False], [True, True, True]]
        assert features.tokens[0, 1:].abs().sum() == 0
        states = features.tokens[1]
        summary = states[-1] if pooling == "last" else states.amax(dim=0)
        torch.testing.assert_close(features.pooled[1], encoder.text.linear(summary))


def test_pooled_image_features_are_a_linear_map_of_the_last_maps_average(make, pictures):
    encoder = make()
    features = images_of(encoder, pictures, "pooled", "maps")
    assert [m.shape[1:] for m in features.maps] == [torch.Size(s) for s in encoder.shape.image.maps]
    torch.testing.assert_close(features.pooled, encoder.image_linear(features.maps[-1].mean(dim=(2, 3))))


def test_augmentation_is_off_by_default_and_only_in_training(make, pictures):
    plain, augmented = make(), make(flip=True, crop=0.5)
    assert (plain.augments, augmented.augments) == (False, True)
    wide = pictures[1]
    assert torch.equal(augmented.image_item(wide), plain.image_item(wide))
    torch.manual_seed(0)
    drawn = [augmented.image_item(wide, train=True) for _ in range(4)]
    assert any(not torch.equal(drawn[0], other) for other in drawn[1:])
    torch.manual_seed(0)
    assert torch.equal(augmented.image_item(wide, train=True), drawn[0])


@pytest.mark.parametrize("resize", ["crop", "squash"])
def test_crops_of_a_narrow_photo_differ(make, resize):
    """A photo of 60×200: every draw is another part of it, of at least the asked share of the largest square."""
    image = narrow_photo()
    encoder = make(crop=0.84, resize=resize)
    torch.manual_seed(0)
    drawn = {encoder.image_item(image, train=True).numpy().tobytes() for _ in range(20)}
    assert len(drawn) > 10


def narrow_photo():
    """Grey, brighter from top to bottom; its first and last rows are 0 and 199."""
    rows = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None, None], (200, 60, 3))
    return ImageRef("made", SimpleNamespace(open=lambda _: Image.fromarray(rows.copy())), "narrow")


def test_squashed_images_lose_nothing_and_cropped_ones_their_ends(make):
    image = narrow_photo()
    squashed, cropped = (make(resize=resize).image_item(image) for resize in ("squash", "crop"))
    assert squashed.shape == cropped.shape == (3, 48, 48)
    assert (int(squashed.min()), int(squashed.max())) == (pytest.approx(2, abs=3), pytest.approx(197, abs=3))
    assert (int(cropped.min()), int(cropped.max())) == (pytest.approx(70, abs=3), pytest.approx(129, abs=3))
    assert make(resize="squash").preprocess != make().preprocess


def test_squashed_training_crops_cut_off_no_more_than_asked(make):
    encoder = make(resize="squash", crop=0.5)
    image = narrow_photo()
    torch.manual_seed(0)
    seen = [encoder.image_item(image, train=True).float() for _ in range(30)]
    spans = [float(item.max() - item.min()) / 199 for item in seen]
    assert min(spans) > 0.5**0.5 - 0.05
    assert max(spans) > min(spans) + 0.1


def test_removed_punctuation_joins_words(make):
    encoder = make(punctuation="removed")
    assert encoder.text.vocabulary.words == ("a", "and", "blue", "is", "longer", "red", "tshirt")
    state = encoder.extra_state()
    other = make(punctuation="removed", fit=False)
    other.load_extra_state(state)
    shirts = other.text.vocabulary.encode(["T-shirt"])[0], encoder.text.vocabulary.encode(["tshirt"])[0]
    assert torch.equal(*shirts)
    assert encoder.preprocess != make().preprocess


def test_the_pooled_text_may_be_normalised_over_the_batch(make):
    texts = ["red", "a blue one", "is longer"]
    plain, normed = make().train(), make(text_norm=True, dropout=0.0).train()
    pooled = normed.encode_texts(texts, levels("pooled")).pooled
    torch.testing.assert_close(pooled.mean(dim=0), torch.zeros(16), atol=1e-5, rtol=0)
    pooled = plain.encode_texts(texts, levels("pooled")).pooled
    assert not torch.allclose(pooled.mean(dim=0), torch.zeros(16), atol=1e-3)
    assert plain.preprocess != normed.preprocess


def test_every_parameter_is_trained_and_groups_tell_what_is_pretrained(make, pictures):
    encoder = make().train()
    assert without_gradient(encoder, pictures) == []
    assert list(encoder.parameter_groups()) == ["cnn", "head"]


def test_it_is_trained_in_bfloat16_on_any_device(make, pictures):
    """Autocast leaves the LSTM alone: many CPUs cannot run one in bfloat16."""
    encoder = make().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        text = encoder.encode_texts(["red", "a blue one"], levels("pooled", "tokens"))
        image = images_of(encoder, pictures, "pooled")
        loss = image.pooled.sin().sum() + text.pooled.sin().sum() + text.tokens.sin().sum()
    loss.backward()
    assert text.tokens.dtype == torch.float32
    assert [name for name, p in encoder.named_parameters() if p.grad is None] == []


def test_three_levels_of_maps_of_a_published_backbone(make, any_weights):
    encoder = make(backbone="resnet18", image_size=224)
    assert encoder.shape.image.maps == ((128, 28, 28), (256, 14, 14), (512, 7, 7))


def test_the_last_stage_s_stride_can_be_left_out(make, any_weights):
    """CLVC-Net's 2048×14×14; nothing but the stride changes, so pretrained weights fit."""
    encoder = make(backbone="resnet50", image_size=224, last_stride=1)
    assert encoder.shape.image.maps == ((512, 28, 28), (1024, 14, 14), (2048, 14, 14))
    assert make(last_stride=1).shape.image.maps == ((64, 6, 6), (128, 3, 3), (256, 3, 3))


def test_the_third_stage_s_stride_can_be_left_out(make):
    """As large as without the last stage's, and the same weights fit, but other maps."""
    sizes = {"backbone": "resnet18", "image_size": 64}
    third, last = make(**sizes, layer3_stride=1), make(**sizes, last_stride=1)
    assert third.shape.image.maps == ((128, 8, 8), (256, 8, 8), (512, 4, 4))
    assert last.shape.image.maps == ((128, 8, 8), (256, 4, 4), (512, 4, 4))
    weights = {name: torch.ones_like(one) if "bn" in name else one for name, one in last.state_dict().items()}
    for one in (third, last):  # at the start the last batch norm of a block lets nothing through
        one.load_state_dict(weights)
    pixels = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    maps = [one.encode_images(list(pixels), levels("maps")).maps[-1] for one in (third, last)]
    assert not torch.allclose(*maps)
    assert third.preprocess != last.preprocess


@pytest.mark.parametrize("backbone", ["small", "mobilenetv1_100"])
def test_a_backbone_without_such_a_stage_is_refused(make, backbone):
    with pytest.raises(ConfigError, match=f"'{backbone}' has no stage layer3 .* encoder.layer3_stride"):
        make(backbone=backbone, image_size=64, layer3_stride=1)


def test_without_the_last_stride_the_network_is_the_same_but_for_it(make, pictures):
    strided, unstrided = (make(backbone="resnet18", image_size=64, last_stride=stride) for stride in (2, 1))
    shapes, others = ({name: m.shape for name, m in one.state_dict().items()} for one in (strided, unstrided))
    assert shapes == others
    unstrided.load_state_dict(strided.state_dict())
    items = [strided.image_item(picture) for picture in pictures]
    assert strided.preprocess != unstrided.preprocess, "the feature cache must tell them apart"
    first = strided.cnn.layer4[0]
    for convolution in (first.conv1, first.downsample[0]):
        assert convolution.stride == (2, 2)
        convolution.stride = (1, 1)
    expected = strided.encode_images(items, levels("pooled", "maps"))
    found = unstrided.encode_images(items, levels("pooled", "maps"))
    assert found.maps[-1].shape[2:] == (4, 4)
    for ours, theirs in zip([found.pooled, *found.maps], [expected.pooled, *expected.maps], strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("backbone", ["vgg11", "densenet121"])
def test_a_backbone_of_fixed_stride_is_told_so(make, any_weights, backbone):
    with pytest.raises(ConfigError, match=f"stride of the last stage of '{backbone}' is fixed .* encoder.last_stride"):
        make(backbone=backbone, image_size=64, last_stride=1)


@pytest.mark.parametrize("params", [{}, {"backbone": "mobilenetv1_100", "image_size": 64}])
def test_gradient_checkpointing_recomputes_blocks_for_the_same_gradients_and_statistics(make, pictures, params):
    """Batch norm's running statistics count the batch once, although its blocks are computed twice."""

    def step(on):
        encoder, calls = make(**params).train(), []
        encoder.set_gradient_checkpointing(on)
        norms = {name: m for name, m in encoder.cnn.named_modules() if isinstance(m, nn.BatchNorm2d)}
        for name, norm in norms.items():
            norm.register_forward_pre_hook(lambda m, i, name=name: calls.append(name))
        image = images_of(encoder, pictures, "pooled", "maps")
        torch.stack([image.pooled.sin().sum(), *(m.sin().mean() for m in image.maps)]).sum().backward()
        return encoder, [calls.count(name) for name in norms]

    plain, once = step(False)
    saving, twice = step(True)
    assert set(once) == {1}
    assert twice.count(2) > 0.7 * len(twice), "the stem alone keeps what it computes"
    for (name, parameter), other in zip(plain.named_parameters(), saving.parameters(), strict=True):
        if parameter.grad is not None:
            torch.testing.assert_close(other.grad, parameter.grad, rtol=1e-6, atol=1e-7, msg=name)
    state = saving.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in plain.state_dict().items())
    assert all(m.num_batches_tracked == 1 for m in saving.modules() if isinstance(m, nn.BatchNorm2d))


def test_a_backbone_without_blocks_cannot_do_gradient_checkpointing(make, any_weights):
    encoder = make(backbone="vgg11", image_size=32)
    encoder.set_gradient_checkpointing(False)
    with pytest.raises(ConfigError, match=r"the backbone 'vgg11' of cnn-lstm has no blocks .* gradient_checkpointing"):
        encoder.set_gradient_checkpointing(True)


@pytest.mark.parametrize(
    ("name", "message"),
    [("resnet81", r"timm has no model 'resnet81'; did you mean 'resnet\d+"), ("vit_tiny", "timm has no model")],
)
def test_an_unknown_backbone_names_the_nearest(make, name, message):
    with pytest.raises(ConfigError, match=message):
        make(backbone=name)


def test_pretrained_weights_that_are_not_here_say_what_to_do(make, empty_hub):
    with pytest.raises(DataError, match="ImageNet weights of resnet18 are not on this machine"):
        make(backbone="resnet18", pretrained=True)


def test_the_argument_is_the_backbone_and_the_encoder_means_nothing_before_training():
    params = make_params(SPEC, {"image_size": 48}, "resnet50")
    assert (params.backbone, params.image_size) == ("resnet50", 48)
    assert not provides(SPEC, params).pretrained


@pytest.mark.parametrize(("backbone", "pixels"), [("small", 48), ("resnet18", 224)])
def test_the_default_image_size_is_the_backbones(backbone, pixels):
    assert CnnLstmParams(backbone=backbone).pixels == pixels
    assert CnnLstmParams(backbone=backbone, image_size=64).pixels == 64


def test_the_small_backbone_has_no_published_weights():
    with pytest.raises(ConfigError, match="the backbone small has no pretrained weights"):
        make_params(SPEC, {"pretrained": True})


@pytest.mark.parametrize("change", [{"image_size": 64}, {"text_pooling": "max"}])
def test_settings_outside_the_weights_are_part_of_the_cache_key(make, change):
    assert make(**change).preprocess != make().preprocess
