import json
from pathlib import Path

import open_clip
import pytest
import torch
from torch import nn

from cir_bench import ConfigError, DataError
from cir_bench_encoders import openclip_gelu
from cir_bench_encoders.openclip import OpenClip
from cir_bench_encoders.openclip_params import OpenClipParams

from .conftest import weights_of, write_clip

OPENAI = {name: torch.tensor(1) for name in ("input_resolution", "context_length", "vocab_size")}


@pytest.fixture
def load(tmp_path, context):
    """The encoder of a checkpoint with this content."""
    params = write_clip(tmp_path, "mini-vit")

    def build(content, **settings):
        torch.save(content, params["checkpoint"])
        return OpenClip(OpenClipParams(**{**params, **settings}), context)

    return build


@pytest.fixture
def plain(load):
    return load(weights_of("mini-vit"))


def has_quick_gelu(encoder):
    return any(type(module).__name__ == "QuickGELU" for module in encoder.modules())


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


OPTIMISER = {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": []}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"epoch": 3, "CLIP": state},  # CLIP4Cir
        lambda state: {"model": state, "optimizer": OPTIMISER},
        lambda state: {"epoch": 1, "state_dict": prefixed(state, "module.")},  # open_clip, distributed
        lambda state: {"model_state_dict": prefixed(state, "_orig_mod.")},  # compiled
        lambda state: prefixed(state, "model."),
        lambda state: prefixed(state, "module.model."),
        lambda state: {"state_dict": prefixed(state, "clip.") | {"combiner.weight": torch.ones(2)}},  # a whole method
        lambda state: {"checkpoint": {"net": state, "step": 7}},
        lambda state: {name: tensor for name, tensor in state.items() if name != "logit_scale"},
    ],
)
def test_checkpoints_are_read_as_training_code_saves_them(load, plain, wrap):
    assert load(wrap(weights_of("mini-vit"))).weights_digest() == plain.weights_digest()


def test_where_the_weights_were_is_recorded(load):
    facts = load({"epoch": 3, "CLIP": prefixed(weights_of("mini-vit"), "module.")}).facts()
    assert facts["weights"].endswith("mini-vit.pt, 'CLIP' / entries module.*")


def test_several_sets_of_weights_that_fit_are_not_chosen_between(load):
    state = weights_of("mini-vit")
    with pytest.raises(DataError, match=r"several sets of weights that fit \('model', 'ema'\); save the one you mean"):
        load({"model": state, "ema": state})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"epoch": 3, "head": {"weight": torch.ones(2)}}, r"contains none of its weights; .* the keys epoch, head"),
        ({}, r"at the top level it has nothing"),
        ([1, 2], r"at the top level it has a list"),
    ],
)
def test_a_checkpoint_without_the_weights_names_its_keys(load, content, message):
    with pytest.raises(DataError, match=message):
        load(content)


def test_missing_and_unexpected_weights_are_named_with_their_place(load):
    state = dict(weights_of("mini-vit"))
    del state["ln_final.weight"]
    state["adapter.weight"] = torch.ones(2)
    with pytest.raises(DataError, match=r"\(in 'CLIP'\): 1 weights are missing \(ln_final\.weight\); 1 .*unexpected"):
        load({"epoch": 3, "CLIP": state})


def test_weights_of_another_width_are_named_with_both_shapes(load):
    state = dict(weights_of("mini-vit"))
    state["visual.proj"] = torch.ones(64, 512)
    with pytest.raises(DataError, match=r"visual\.proj is 64×512 instead of 64×24"):
        load(state)


def test_interpolated_position_embeddings_are_a_warning(load):
    state = dict(weights_of("mini-vit"))
    state["visual.positional_embedding"] = torch.ones(26, 64)
    with pytest.warns(UserWarning, match=r"positional_embedding of .* was interpolated from 26 to 17 positions"):
        load(state)


@pytest.mark.filterwarnings("ignore")  # TorchScript is deprecated, OpenAI's downloads are not
def test_a_torchscript_archive_says_how_to_save_its_weights(load, tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "openai.pt")
    with pytest.raises(DataError, match=r"TorchScript archive.*torch\.jit\.load"):
        load({}, checkpoint=tmp_path / "openai.pt")


def test_a_checkpoint_of_openai_has_quick_gelu(load, plain):
    quick = load({**weights_of("mini-vit"), **OPENAI})
    assert has_quick_gelu(quick)
    assert not has_quick_gelu(plain)
    assert quick.preprocess != plain.preprocess  # features of the two are not taken for each other
    assert quick.facts()["activation"] == "QuickGELU (the checkpoint is one of OpenAI's)"


@pytest.mark.parametrize("place", ["top", "args", "file"])
def test_the_activation_is_read_where_it_was_saved(load, tmp_path, place):
    state = weights_of("mini-vit")
    if place == "file":
        (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"quick_gelu": True}}))
        assert has_quick_gelu(load(state))
    elif place == "top":
        assert has_quick_gelu(load({"state_dict": state, "quick_gelu": True}))
    else:
        assert has_quick_gelu(load({"state_dict": state, "args": {"force_quick_gelu": True}}))


def test_a_checkpoint_that_may_be_either_is_refused_until_the_user_says(load, monkeypatch):
    monkeypatch.setattr(openclip_gelu.open_clip, "list_pretrained_tags_by_model", lambda name: ["openai", "laion"])
    monkeypatch.setattr(openclip_gelu.open_clip, "get_pretrained_cfg", lambda name, tag: {"quick_gelu": tag[0] == "o"})
    state = weights_of("mini-vit")
    with pytest.raises(ConfigError, match=r"does not say .* published weights openai of mini-vit were; .*quick_gelu"):
        load(state)
    assert has_quick_gelu(load(state, quick_gelu=True))
    assert not has_quick_gelu(load(state, quick_gelu=False))
    assert load(state, quick_gelu=True).facts()["activation"] == "QuickGELU (set by encoder.quick_gelu=true)"


def test_a_file_name_that_suggests_openai_is_not_ignored(load, tmp_path):
    path = tmp_path / "mini-OpenAI.pt"
    torch.save(weights_of("mini-vit"), path)
    with pytest.raises(ConfigError, match=r"its name contains 'openai'"):
        load({}, checkpoint=path)
    assert not has_quick_gelu(load({}, checkpoint=path, quick_gelu=False))


def test_a_setting_that_contradicts_the_checkpoint_is_a_warning(load):
    with pytest.warns(UserWarning, match=r"encoder\.quick_gelu=false contradicts the weights: QuickGELU \(the check"):
        load({**weights_of("mini-vit"), **OPENAI}, quick_gelu=False)


def test_a_model_whose_configuration_has_quick_gelu_keeps_it(load, tmp_path):
    config = json.loads((tmp_path / "mini-vit.json").read_text()) | {"quick_gelu": True}
    (tmp_path / "mini-vit-quick.json").write_text(json.dumps(config))
    model = str(tmp_path / "mini-vit-quick.json")
    quick = load(weights_of("mini-vit"), model=model)
    assert has_quick_gelu(quick)
    assert quick.facts()["activation"] == "QuickGELU (as the configuration of mini-vit-quick says)"
    contradicts = pytest.warns(UserWarning, match="contradicts the weights")
    with contradicts, pytest.raises(ConfigError, match=r"has QuickGELU, whatever encoder\.quick_gelu says"):
        load(weights_of("mini-vit"), model=model, quick_gelu=False)


@pytest.mark.parametrize("model", ["RN50", "RN50x4", "ViT-B-32", "ViT-L-14-336"])
def test_models_of_openai_are_in_doubt(model):
    with pytest.raises(ConfigError, match=rf"published weights openai.* of {model} were"):
        openclip_gelu.of_checkpoint(model, OpenClipParams(model=model, checkpoint=Path("a.pt")), {})


def test_models_without_such_weights_are_not():
    params = OpenClipParams(model="ViT-g-14", checkpoint=Path("a.pt"))
    assert not openclip_gelu.of_checkpoint("ViT-g-14", params, {}).quick
    assert not any(
        open_clip.get_pretrained_cfg("ViT-g-14", tag).get("quick_gelu")
        for tag in open_clip.list_pretrained_tags_by_model("ViT-g-14")
    )


@pytest.mark.parametrize(("tag", "quick"), [("openai", True), ("laion2b_s34b_b88k", False)])
def test_published_weights_have_the_activation_they_were_trained_with(tag, quick):
    params = OpenClipParams(model="ViT-B-16", pretrained=tag)
    assert openclip_gelu.of_tag("ViT-B-16", tag, params) == (quick, f"as the weights {tag} were trained", True)


def test_a_checkpoint_does_not_replace_weights_of_the_hub():
    with pytest.raises(ValueError, match=r"a checkpoint cannot replace the weights of hf-hub:timm/x"):
        OpenClipParams(model="hf-hub:timm/x", checkpoint="a.pt")
