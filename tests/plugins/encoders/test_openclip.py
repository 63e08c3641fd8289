import json
import os
from pathlib import Path

import open_clip
import pytest
import torch
from PIL import Image
from support.building import provides
from torch import nn

from cir_bench import ConfigError, DataError, FeatureLevel, levels
from cir_bench.interfaces.spec_params import make_params
from cir_bench.testing import EncoderContract
from cir_bench_encoders import ENCODERS
from cir_bench_encoders.openclip import OpenClip
from cir_bench_encoders.openclip_image import target_pad
from cir_bench_encoders.openclip_params import OpenClipParams

from .conftest import images_of, save_clip, without_gradient, write_clip

SPEC = next(spec for spec in ENCODERS if spec.name == "openclip")
EVERYTHING = levels("pooled", "tokens", "maps")


class TestContract(EncoderContract):
    name = "openclip"
    variants = {"mini-resnet": {}, "mini-vit": {}}

    def prepare(self, data_root):
        self._params = write_clip(data_root, self.variant)

    def parameters(self):
        return self._params


@pytest.fixture
def make(tmp_path, context):
    return lambda name, **params: OpenClip(OpenClipParams(**write_clip(tmp_path, name) | params), context)


@pytest.fixture
def vit(make):
    return make("mini-vit")


@pytest.fixture
def resnet(make):
    return make("mini-resnet")


def reference_model(tmp_path, name):
    return open_clip.create_model_and_transforms(name, pretrained=str(tmp_path / f"{name}.pt"))


def test_pooled_features_are_those_of_open_clip_with_its_own_preprocessing(vit, tmp_path, pictures):
    model, _, preprocess = reference_model(tmp_path, "mini-vit")
    with torch.no_grad():
        expected = model.eval().encode_image(torch.stack([preprocess(picture.open()) for picture in pictures]))
        found = images_of(vit, pictures, "pooled")
        texts = ["a red dress", "", "longer"]
        text = vit.encode_texts(texts, levels("pooled", "tokens"))
        expected_text = model.encode_text(open_clip.get_tokenizer("mini-vit")(texts))
    torch.testing.assert_close(found.pooled, expected)
    torch.testing.assert_close(text.pooled, expected_text)


def test_tokens_are_the_output_of_the_second_to_last_block(vit, pictures):
    seen = {}
    vit.model.visual.transformer.resblocks[1].register_forward_hook(lambda m, i, o: seen.update(image=o))
    vit.model.transformer.resblocks[1].register_forward_hook(lambda m, i, o: seen.update(text=o))
    with torch.no_grad():
        image = images_of(vit, pictures, "tokens")
        text = vit.encode_texts(["red dress"], levels("tokens"))
    torch.testing.assert_close(image.tokens, seen["image"])
    assert image.tokens.shape == (3, 1 + 16, 64)
    assert image.mask.all()
    torch.testing.assert_close(text.tokens, seen["text"][:, :4])


def test_tokens_may_be_the_output_of_the_last_block_at_every_position(vit, make, pictures):
    last = make("mini-vit", block="last", text_positions="all")
    last.load_state_dict(vit.state_dict())
    seen = {}
    last.model.visual.transformer.resblocks[-1].register_forward_hook(lambda m, i, out: seen.update(image=out))
    last.model.ln_final.register_forward_hook(lambda m, i, out: seen.update(text=out))
    with torch.no_grad():
        image = images_of(last, pictures, "tokens")
        text = last.encode_texts(["red dress", "blue"], levels("tokens"))
        other = vit.encode_texts(["red dress", "blue"], levels("tokens"))
    torch.testing.assert_close(text.tokens, seen["text"])
    torch.testing.assert_close(image.tokens, seen["image"])
    assert text.mask.all()
    assert text.tokens.shape[1] == last.model.context_length > other.tokens.shape[1]
    torch.testing.assert_close(text.pooled, other.pooled)
    assert not torch.allclose(text.tokens[:, : other.tokens.shape[1]], other.tokens)
    assert image.tokens.shape == (3, 1 + 16, 64)
    assert last.preprocess != vit.preprocess


def test_maps_are_the_last_three_stages(resnet, pictures):
    seen = []
    for stage in ("layer2", "layer3", "layer4"):
        getattr(resnet.model.visual, stage).register_forward_hook(lambda m, i, o: seen.append(o))
    with torch.no_grad():
        features = images_of(resnet, pictures, "maps")
    assert [tuple(m.shape) for m in features.maps] == [(3, 64, 8, 8), (3, 128, 4, 4), (3, 256, 2, 2)]
    for found, expected in zip(features.maps, seen, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("text", "real"),
    [("", 2), ("red", 3), ("a red dress", 5), ("red " * 50, 12)],
)
def test_the_mask_covers_start_words_and_end_and_long_texts_are_cut(vit, text, real):
    features = vit.encode_texts([text, "word " * 30], levels("tokens"))
    assert features.mask[0].sum() == real
    assert features.mask[0, :real].all()
    assert features.tokens.shape[1] == 12


def test_texts_beyond_the_context_length_are_named(vit):
    fits, cut = "red " * 9 + "red", "red " * 10 + "red"  # 12 tokens with start and end, and 13
    texts = ["", fits, cut, "a red dress", f"{cut} dress"]
    assert vit.cut_texts(texts) == [cut, f"{cut} dress"]
    assert vit.cut_texts([fits]) == vit.cut_texts([]) == []
    pooled = vit.encode_texts(vit.cut_texts([f"{cut} dress", f"{cut} shirt"]), levels("pooled")).pooled
    assert torch.equal(pooled[0], pooled[1])  # why it matters


def test_batch_norm_statistics_are_frozen_in_training(resnet, pictures):
    items = [resnet.image_item(picture) for picture in pictures]
    before = resnet.weights_digest()
    resnet.train()
    assert resnet.training
    pooled = resnet.encode_images(items, levels("pooled")).pooled
    resnet.eval()
    assert resnet.weights_digest() == before
    torch.testing.assert_close(resnet.encode_images(items, levels("pooled")).pooled, pooled)


def test_every_parameter_can_be_trained(resnet, vit, pictures):
    for encoder in (resnet, vit):
        assert without_gradient(encoder.train().requires_grad_(True), pictures) == []
        assert list(encoder.parameter_groups()) == ["backbone"]


def calls_in_a_step(encoder, pictures, kind):
    """Forward passes of each module of a kind in the image tower, in one training step."""
    calls = dict.fromkeys([name for name, m in encoder.model.visual.named_modules() if isinstance(m, kind)], 0)
    hooks = [
        encoder.model.visual.get_submodule(name).register_forward_hook(
            lambda m, i, o, name=name: calls.update({name: calls[name] + 1})
        )
        for name in calls
    ]
    encoder.zero_grad()
    image = images_of(encoder, pictures, "pooled")
    text = encoder.encode_texts(["red", "a blue one"], levels("pooled"))
    (image.pooled.sin().sum() + text.pooled.sin().sum()).backward()
    for hook in hooks:
        hook.remove()
    return calls


@pytest.mark.parametrize(("name", "kind"), [("mini-resnet", nn.Conv2d), ("mini-vit", nn.LayerNorm)])
@pytest.mark.parametrize("training", [True, False])  # CLIP4Cir fine-tunes in evaluation mode
def test_gradient_checkpointing_recomputes_every_block_for_the_same_gradients(make, pictures, name, kind, training):
    encoder = make(name).train(training)
    once = calls_in_a_step(encoder, pictures, kind)
    expected = {name: p.grad.clone() for name, p in encoder.named_parameters()}
    encoder.set_gradient_checkpointing(True)
    twice = calls_in_a_step(encoder, pictures, kind)
    outside = {"ln_pre", "ln_post"}
    assert {module: calls for module, calls in twice.items() if calls != 2} == {
        module: 1 for module in once if module in outside
    }
    assert set(once.values()) == {1}
    for parameter, tensor in encoder.named_parameters():
        torch.testing.assert_close(tensor.grad, expected[parameter], rtol=1e-6, atol=1e-7)
    encoder.set_gradient_checkpointing(False)
    assert calls_in_a_step(encoder, pictures, kind) == once


def test_an_image_tower_without_blocks_is_refused_by_name(vit):
    vit.model.visual = nn.Flatten()
    with pytest.raises(ConfigError, match=r"image tower of .*mini-vit.json has no blocks .* gradient_checkpointing"):
        vit.set_gradient_checkpointing(True)


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors"])
def test_weights_come_from_a_local_file(tmp_path, context, vit, suffix):
    params = OpenClipParams(**write_clip(tmp_path, "mini-vit", suffix))
    assert OpenClip(params, context).weights_digest() == vit.weights_digest()


def test_a_checkpoint_that_is_code_is_not_run(tmp_path, context):
    class Harmful:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    params = write_clip(tmp_path, "mini-vit")
    torch.save({"state_dict": Harmful()}, params["checkpoint"])
    with pytest.raises(DataError, match=r"more than tensors.*save its state dict alone"):
        OpenClip(OpenClipParams(**params), context)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("content", [b"", b"not weights at all"])
def test_a_checkpoint_that_is_no_checkpoint_is_one_sentence(tmp_path, context, content):
    params = write_clip(tmp_path, "mini-vit")
    Path(params["checkpoint"]).write_bytes(content)
    with pytest.raises(DataError, match=r"mini-vit\.pt"):
        OpenClip(OpenClipParams(**params), context)


def test_a_checkpoint_of_another_model_is_refused(tmp_path, context):
    params = write_clip(tmp_path, "mini-vit") | {"checkpoint": write_clip(tmp_path, "mini-resnet")["checkpoint"]}
    with pytest.raises(DataError, match=r"cannot be loaded into mini-vit: 43 weights are missing \(visual\.class_emb"):
        OpenClip(OpenClipParams(**params), context)


def test_a_missing_checkpoint_is_named(context):
    with pytest.raises(DataError, match=r"there is no checkpoint nowhere\.pt"):
        OpenClip(OpenClipParams(model="RN50", checkpoint=Path("nowhere.pt")), context)


def test_hub_weights_that_are_not_here_say_what_to_do(context, empty_hub):
    with pytest.raises(DataError, match=r"weights openai of RN50 are not on this machine.*encoder\.checkpoint=FILE"):
        OpenClip(OpenClipParams(model="RN50"), context)


def test_an_unknown_tag_lists_the_known_ones(context):
    with pytest.raises(ConfigError, match=r"RN50 has no weights 'laion9b': its tags are .*yfcc15m"):
        OpenClip(OpenClipParams(model="RN50", pretrained="laion9b"), context)


def test_a_model_without_openai_weights_asks_for_a_tag(context):
    with pytest.raises(ConfigError, match=r"ViT-g-14 has no default weights: its tags are .*openclip:ViT-g-14:TAG"):
        OpenClip(OpenClipParams(model="ViT-g-14"), context)


def test_the_argument_is_model_and_tag():
    params = make_params(SPEC, {}, "ViT-B-16:laion2b_s34b_b88k")
    assert (params.model, params.pretrained) == ("ViT-B-16", "laion2b_s34b_b88k")
    assert make_params(SPEC, {}, "hf-hub:timm/some-model").model == "hf-hub:timm/some-model"


@pytest.mark.parametrize(
    ("values", "argument", "message"),
    [
        ({}, "RN51", r"open_clip has no such model; did you mean 'RN50'"),
        ({"pretrained": "openai"}, "RN50:yfcc15m", "pretrained is given twice"),
        ({"pretrained": "openai", "checkpoint": "x.pt"}, "RN50", "pretrained or checkpoint, not both"),
        ({"model": "nowhere.json"}, None, r"there is no file nowhere\.json"),
        ({"pad_ratio": 0.5}, "RN50", "pad_ratio"),
    ],
)
def test_parameters_that_cannot_be_are_refused_before_any_work(values, argument, message):
    with pytest.raises(ConfigError, match=message):
        make_params(SPEC, values, argument)


@pytest.mark.parametrize(
    ("model", "image", "text", "maps"),
    [
        ("RN50x4", levels("pooled", "maps"), levels("pooled", "tokens"), 3),
        ("ViT-B-16-quickgelu", levels("pooled", "tokens"), levels("pooled", "tokens"), 0),
        ("ViT-B-16-SigLIP", levels("pooled"), levels("pooled", "tokens"), 0),
        ("convnext_base", levels("pooled"), levels("pooled", "tokens"), 0),
        ("coca_ViT-B-32", levels("pooled", "tokens"), levels("pooled"), 0),
        ("roberta-ViT-B-32", levels("pooled", "tokens"), levels("pooled"), 0),
        ("hf-hub:nobody/nothing", levels("pooled"), levels("pooled"), 0),
    ],
)
def test_what_a_model_provides_is_read_from_its_configuration(model, image, text, maps):
    found = provides(SPEC, OpenClipParams(model=model))
    assert (found.image, found.text, found.map_levels) == (image, text, maps)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("RN50x4", True),
        ("ViT-B-16-quickgelu", True),
        ("ViT-B-16-SigLIP", False),  # a tokenizer of the hub
        ("roberta-ViT-B-32", False),  # a text tower of the hub
        ("hf-hub:nobody/nothing", True),  # not known before it is loaded
    ],
)
def test_whether_a_model_reads_pseudo_words_is_read_from_its_configuration(model, words):
    assert provides(SPEC, OpenClipParams(model=model)).pseudo_words is words


@pytest.mark.parametrize(
    ("size", "padded"),
    [((100, 100), (100, 100)), ((100, 80), (100, 80)), ((100, 50), (100, 80)), ((40, 200), (160, 200))],
)
def test_target_pad_limits_the_ratio_of_the_sides(size, padded):
    image = target_pad(Image.new("RGB", size, (255, 255, 255)), 1.25)
    assert image.size == padded
    assert image.getpixel((padded[0] // 2, padded[1] // 2)) == (255, 255, 255)
    if size != padded:
        assert image.getpixel((0, 0)) == (0, 0, 0)


def test_target_pad_changes_items_and_the_cache_key(make, vit, pictures):
    padded = make("mini-vit", preprocess="target-pad")
    square, wide, _ = pictures
    assert torch.equal(padded.image_item(square), vit.image_item(square))
    assert not torch.equal(padded.image_item(wide), vit.image_item(wide))
    assert padded.preprocess != vit.preprocess
    assert padded.weights_digest() == vit.weights_digest()


def test_quick_gelu_is_another_model_of_the_same_weights(make, vit):
    quick = make("mini-vit", quick_gelu=True)
    assert quick.preprocess != vit.preprocess
    found, other = (encoder.encode_texts(["a red dress"], levels("pooled")).pooled for encoder in (quick, vit))
    assert not torch.allclose(found, other)


def test_the_random_generator_of_the_run_is_left_alone(make):
    make("mini-vit")  # caches its weights
    before = torch.get_rng_state()
    make("mini-vit")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("model", "layers", "pooled", "image_tokens", "maps"),
    [
        ("RN50", [1, 1, 1, 1], 1024, None, ((512, 28, 28), (1024, 14, 14), (2048, 7, 7))),
        ("ViT-B-16", 1, 512, 768, ()),
    ],
)
def test_real_sizes(tmp_path, context, pictures, model, layers, pooled, image_tokens, maps):
    """With fewer of the layers, which change no size."""
    config = open_clip.get_model_config(model)
    config["vision_cfg"]["layers"], config["text_cfg"]["layers"] = layers, 1
    (tmp_path / f"thin-{model}.json").write_text(json.dumps(config))
    params = save_clip(tmp_path, f"thin-{model}")
    encoder = OpenClip(OpenClipParams(**params), context)
    shape = encoder.shape
    assert (shape.image.pooled, shape.text.pooled, shape.text.tokens) == (pooled, pooled, 512)
    assert (shape.image.tokens, shape.image.maps) == (image_tokens, maps)
    with torch.no_grad():
        wanted = provides(SPEC, OpenClipParams(model=model)).image
        features = encoder.encode_images([encoder.image_item(pictures[0])], wanted)
    assert features.levels == wanted
    assert FeatureLevel.POOLED in wanted


def test_the_specs_need_no_torch():
    import subprocess
    import sys

    code = (
        "import sys, cir_bench_encoders as e\n"
        "e.ENCODERS[0].provides(e.OpenClipParams(model='RN50'))\n"
        "print(json.dumps(sorted({'torch', 'open_clip', 'numpy'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", "import json;" + code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_padding_of_a_bidirectional_text_tower_is_masked_after_its_end_token(vit):
    """SigLIP pads with the token that ends a text, and pools without looking for it."""

    class Tower:
        pool_type = "last"
        pad_id = 0

    class Words:
        class tokenizer:  # noqa: N801 (an attribute of open_clip's HFTokenizer)
            pad_token_id = 1

    vit._text_tower = Tower
    vit._tokenize = Words()
    ids = torch.tensor([[5, 6, 1, 1], [5, 6, 7, 8], [1, 1, 1, 1]])
    assert vit._real_tokens(ids).sum(dim=1).tolist() == [3, 4, 1]
