"""The method: its switches, its stages, its needs, what it refuses, and its published recipe."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError
from support.building import needs

import cir_bench_val
from cir_bench import ConfigError, EncoderShape, FeatureLevel, Features, FeatureShape, PairingError, TrainBatch
from cir_bench.runs.suite import load_suite
from cir_bench_encoders.cnn_lstm_params import CnnLstmParams
from cir_bench_val.params import ValParams

(SPEC,) = cir_bench_val.METHODS
ABLATIONS = {"no-self-attention": "self_attention", "no-joint-attention": "joint_attention"}


def weights(method) -> dict[str, torch.Tensor]:
    return dict(method.named_parameters())


@pytest.mark.parametrize("ablation", ABLATIONS)
@pytest.mark.parametrize("layers", ["printed", "released"])
def test_an_ablation_removes_its_stream_and_the_two_weights_and_nothing_else(make_val, ablation, layers) -> None:
    whole, ablated = weights(make_val(layers=layers)), weights(make_val(layers=layers, ablation=ablation))
    gone = {name for name in whole if ABLATIONS[ablation] in name or name.endswith(("w_sa", "w_ja"))}
    assert set(ablated) == set(whole) - gone
    assert len(gone) > 6
    for name, tensor in ablated.items():
        assert torch.equal(tensor, whole[name]), f"{name} starts elsewhere"


def test_an_ablation_changes_queries_and_no_target(make_val, random_batch) -> None:
    batch = random_batch(1)
    made = {name: make_val(ablation=name).double().composer.eval() for name in ("none", *ABLATIONS)}
    with torch.no_grad():
        for transformer in made["none"].transformers.values():
            transformer.w_sa.fill_(0.5)
    queries = [composer.compose(batch.reference, batch.text).joint() for composer in made.values()]
    targets = [composer.embed_target(batch.target).joint() for composer in made.values()]
    assert not torch.allclose(queries[0], queries[1])
    assert not torch.allclose(queries[0], queries[2])
    assert not torch.allclose(queries[1], queries[2])
    assert torch.equal(targets[0], targets[1])
    assert torch.equal(targets[0], targets[2])


def test_without_joint_attention_what_was_zero_at_the_start_is_not(make_val, random_batch) -> None:
    """w_sa = 0 would make every query the zero vector."""
    batch = random_batch(2)
    query = make_val(ablation="no-joint-attention").double().composer.compose(batch.reference, batch.text)
    assert all(vectors.norm(dim=1).gt(0).any() for vectors in query.spaces.values())


def test_the_released_layers_differ_in_norm_biases_heads_and_dropout_only(make_val, shape) -> None:
    printed, released = make_val(), make_val(layers="released")
    assert not [m for m in printed.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len([m for m in released.modules() if isinstance(m, torch.nn.BatchNorm2d)]) == 3 * 4
    for mine, its in zip(*(m.composer.transformers.values() for m in (printed, released)), strict=True):
        assert (mine.self_attention.dropout, its.self_attention.dropout) == (0.0, 0.1)
        assert (mine.self_attention.queries.groups, its.self_attention.queries.groups) == (1, 2)
        assert its.self_attention.values.bias is None


def test_heads_margin_and_mining_reach_their_places(make_val) -> None:
    method = make_val(heads=1, margin=0.4, mining="released", side_text="joint")
    assert {t.self_attention.heads for t in method.composer.transformers.values()} == {1}
    assert method.hinge.params.margin == 0.4
    assert method.hinge.params.mining == "released"
    assert method.semantic.hinge is method.hinge, "L_vs mines as L_vv does"


def test_the_mining_changes_the_loss_and_no_embedding(make_val, random_batch) -> None:
    batch, stage = random_batch(1), make_val().stages()[0]
    made = {mining: make_val(mining=mining).double().eval() for mining in ("printed", "released")}
    queries = [method.composer.compose(batch.reference, batch.text).joint() for method in made.values()]
    assert torch.equal(*queries)
    values = [next(method.training_steps(batch, stage)).total().item() for method in made.values()]
    assert values[0] != values[1]


def test_the_released_variant_is_the_released_layers_and_mining() -> None:
    assert ValParams(variant="released") == ValParams(layers="released", mining="released", variant="released")
    assert ValParams(variant="released", mining="printed").mining == "printed"
    assert (ValParams().layers, ValParams().mining) == ("printed", "printed")


@pytest.mark.parametrize("side_text", ["off", "joint", "pretrain"])
def test_side_text_changes_stages_terms_and_needs_and_no_composer(make_val, random_batch, side_text: str) -> None:
    method = make_val(side_text=side_text)
    stages = {stage.name: stage for stage in method.stages()}
    terms = {
        name: list(next(iter(method.double().training_steps(random_batch(3), stage))).terms)
        for name, stage in stages.items()
    }
    assert (
        terms
        == {
            "off": {"training": ["L_vv"]},
            "joint": {"training": ["L_vv", "L_vs"]},
            "pretrain": {"pretraining": ["L_vs"], "training": ["L_vv"]},
        }[side_text]
    )
    assert [name for name, stage in stages.items() if not stage.select] == ["pretraining"][: side_text == "pretrain"]
    assert [name for name, stage in stages.items() if stage.descriptions] == ["pretraining"][: side_text == "pretrain"]
    assert needs(SPEC, method.params).side_text == (side_text != "off")
    for name, tensor in make_val().double().composer.state_dict().items():
        assert torch.equal(method.composer.state_dict()[name], tensor)


def test_each_stage_steps_only_what_its_terms_train(make_val) -> None:
    class Words(torch.nn.Linear):
        def parameter_groups(self) -> dict[str, list[torch.nn.Parameter]]:
            return {"head": list(self.parameters())}

    encoder = Words(2, 2)

    def stepped(method) -> dict[str, set[int]]:
        held = {}
        for stage in method.stages():
            (optimiser,) = method.optimisers(stage, {"main": encoder})
            held[stage.name] = {id(p) for group in optimiser.groups for p in group.parameters}
        return held

    def ids(*modules) -> set[int]:
        return {id(p) for module in modules for p in module.parameters()}

    joint, pretrain, off = (make_val(side_text=value) for value in ("joint", "pretrain", "off"))
    assert stepped(joint) == {"training": ids(joint.composer, joint.semantic, encoder)}
    assert stepped(off) == {"training": ids(off.composer, encoder)}
    assert stepped(pretrain) == {
        "pretraining": ids(pretrain.semantic, encoder),
        "training": ids(pretrain.composer, encoder),
    }


def test_pretraining_has_settings_of_its_own_or_those_of_training(make_val) -> None:
    own = make_val(side_text="pretrain", pretraining={"epochs": 3}, training={"epochs": 9})
    assert [stage.training.epochs for stage in own.stages()] == [3, 9]
    assert [stage.training.epochs for stage in make_val(side_text="pretrain", training={"epochs": 9}).stages()] == [
        9,
        9,
    ]


@pytest.mark.parametrize("side_text", ["joint", "pretrain"])
def test_side_text_on_a_frozen_encoder_is_refused(make_val, random_batch, side_text: str) -> None:
    method = make_val(side_text=side_text).double()
    batch = random_batch(4)
    frozen = replace(batch, target=Features(maps=tuple(m.detach() for m in batch.target.maps)))
    with pytest.raises(ConfigError, match=f"side_text={side_text}.*frozen.*training.encoder=train"):
        list(method.training_steps(frozen, method.stages()[0]))


def test_fewer_maps_than_three_are_refused(make_val) -> None:
    with pytest.raises(PairingError, match=r"3 levels.*gives 2"):
        make_val(EncoderShape(FeatureShape(maps=((4, 2, 2), (4, 1, 1))), FeatureShape(pooled=3)))


def test_heads_that_do_not_divide_the_channels_are_refused(make_val) -> None:
    with pytest.raises(PairingError, match=r"4 heads.*2 channels"):
        make_val(heads=4)


def test_needs_are_three_maps_and_one_text_vector() -> None:
    found = needs(SPEC, ValParams())
    assert (found.image, found.text, found.map_levels, found.same_width) == (
        {FeatureLevel.MAPS},
        {FeatureLevel.POOLED},
        3,
        False,
    )


def test_descriptions_of_another_data_set_are_needed_for_pretraining_alone() -> None:
    found = {}
    for side_text in ("off", "joint", "pretrain"):
        needed = needs(SPEC, ValParams.model_validate({"side_text": side_text, "side_text_from": "other"}))
        found[side_text] = (needed.side_text, needed.side_text_from)
    assert found == {"off": (False, None), "joint": (True, None), "pretrain": (False, "other")}


def test_an_unknown_ablation_is_refused() -> None:
    with pytest.raises(ValidationError, match="no-self-attention"):
        ValParams.model_validate({"ablation": "no-attention"})


@pytest.mark.parametrize(
    ("benchmark", "steps", "triplets"),
    [
        ("fashioniq", 25_000, 18_000),
        ("shoes", 15_000, 8_990),
        ("fashion200k", 80_000, 172_049),
        ("cirr", 25_000, 28_225),
    ],
)
def test_recipe_is_the_published_training(benchmark: str, steps: int, triplets: int) -> None:
    params = ValParams.model_validate(SPEC.recipes[benchmark])
    training = params.training
    assert training.epochs * triplets / 32 == pytest.approx(steps, rel=0.02)
    assert (training.optimiser, training.lr, training.batch_size, training.ema) == ("adam", 2e-4, 32, 0.9999)
    assert (training.encoder, params.selection.on) == ("train", "last")
    if benchmark == "fashion200k":
        assert (training.schedule, training.milestones) == ("step", (training.epochs // 2,))
    else:
        assert training.schedule == "constant"
    assert params.side_text == {"shoes": "pretrain", "fashion200k": "joint"}.get(benchmark, "off")
    assert (params.heads, params.margin, params.variant, params.ablation) == (2, 0.2, "released", "none")
    assert (params.layers, params.mining) == ("released", "released")


@pytest.mark.parametrize("benchmark", ["fashioniq", "shoes", "fashion200k", "cirr"])
def test_encoder_of_the_recipe_is_the_published_one(benchmark: str) -> None:
    recipes = SPEC.encoder_recipes
    params = CnnLstmParams.model_validate({**recipes["*"], **recipes.get(benchmark, {})})
    assert params.backbone == ("mobilenetv1_100" if benchmark == "fashion200k" else "resnet50")
    assert (params.pretrained, params.image_size) == (True, 256)
    assert (params.lstm_width, params.text_pooling, params.width) == (1024, "max", 512)
    assert (params.resize, params.text_norm, params.flip) == ("squash", True, True)
    assert params.crop == (0.84 if benchmark == "fashioniq" else 1)


def test_terms_of_a_batch_that_is_not_of_triplets(make_val, random_batch) -> None:
    """Pre-training reads targets and their descriptions only: reference and text may be anything."""
    batch = random_batch(5)
    method = make_val(side_text="pretrain").double()
    bare = TrainBatch(Features(), Features(), batch.target, batch.same_target, batch.side_text, batch.described)
    steps = [list(method.training_steps(one, method.stages()[0])) for one in (batch, bare)]
    assert steps[0][0].terms["L_vs"].item() == steps[1][0].terms["L_vs"].item()


def test_the_suite_runs_the_whole_and_every_ablation() -> None:
    settings = [request.settings for request in load_suite("ablations/val", {})]
    assert {} in settings
    assert {s["ablation"] for s in settings if "ablation" in s} == set(ABLATIONS)
    assert all(ValParams.model_validate(s) for s in settings)
