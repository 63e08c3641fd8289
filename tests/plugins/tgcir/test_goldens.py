"""TG-CIR's attributes, student, teacher and six losses are those of the released code, by its figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from support.building import builder
from support.goldens import Golden, gradients, load_weights, renamed
from torch import Tensor

import cir_bench_losses
import cir_bench_tgcir
from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_tgcir.method import Tgcir
from cir_bench_tgcir.params import TgcirParams

LAYERS = {
    "backbone.fc": "composer.local_attributes.project.image",
    "backbone.text_fc": "composer.local_attributes.project.text",
    "backbone.masks.weight": "composer.global_attributes.masks",
    "s_remain_map": "composer.student.keep.mlp",
    "t_remain_map": "teacher.keep.mlp",
    "t_replace_map": "teacher.replace.mlp",
    "local_weight": "late_score.weights",
}
OURS = {
    "stu_rank": "L_rank_stu",
    "tea_rank": "L_rank_tea",
    "tea_mask": "L_mask_tea",
    "ortho": "L_ortho",
    "ckd": "L_ckd",
    "kl": "L_kl",
}
ROLES = ("reference", "text", "target")


@pytest.fixture
def figures(golden: Callable[[str], Golden]) -> Golden:
    return golden("tgcir")


@pytest.fixture
def tokens(figures: Golden) -> dict[str, Tensor]:
    return {role: figures.tensor(f"in/{role}/tokens").requires_grad_() for role in ROLES}


@pytest.fixture
def batch(figures: Golden, tokens: dict[str, Tensor]) -> TrainBatch:
    """Pooled features are projections of an image's first token and of a text's last one."""
    lengths = figures.tensor("in/text/lengths")
    rows = torch.arange(len(lengths))
    first = {
        "text": tokens["text"][rows, lengths - 1] @ figures.tensor("in/text_projection"),
        **{role: tokens[role][:, 0] @ figures.tensor("in/image_projection") for role in ("reference", "target")},
    }
    features = {}
    for role in ROLES:
        torch.testing.assert_close(first[role], figures.tensor(f"in/{role}/pooled"))
        size = lengths if role == "text" else torch.full_like(lengths, tokens[role].shape[1])
        features[role] = Features(first[role], tokens[role], torch.arange(tokens[role].shape[1]) < size[:, None])
    same = torch.eye(len(rows), dtype=torch.bool)
    return TrainBatch(features["reference"], features["text"], features["target"], same)


@pytest.fixture
def method(figures: Golden, tokens: dict[str, Tensor]) -> Tgcir:
    """With the released weights."""
    image, text = (figures.tensor(f"in/{role}_projection").shape for role in ("image", "text"))
    q = figures.count("Q")
    params = TgcirParams.model_validate(
        {
            "variant": "released",
            "width": image[1],
            "global_basis": "pooled",
            "local_attributes": q,
            "global_attributes": figures.count("P"),
            "text_length": tokens["text"].shape[1],
            "tau": figures.number("tau"),
        }
    )
    shape = EncoderShape(*(FeatureShape(pooled=pooled, tokens=width) for width, pooled in (image, text)))
    made = Tgcir(params, builder(shape, cir_bench_losses, cir_bench_tgcir))
    figures.compare("init/backbone.masks.weight", made.composer.global_attributes.masks)
    figures.compare("init/loss_T", made.rank.factor())
    figures.compare("init/local_weight", made.late_score.weights)
    released = figures.below("w/")
    weights = renamed(released, LAYERS) | {"rank.scale.value": released["loss_T"].squeeze()}
    for name in ("weight", "bias"):
        rows = [released[f"backbone.tokenlearn.tokenizers.{j}.conv.0.{name}"] for j in range(q)]
        weights[f"composer.local_attributes.weigh.{name}"] = torch.cat(
            [row.flatten(1 if name == "weight" else 0) for row in rows]
        )
    for network in ("keep", "replace"):  # the released teacher's networks read the target last, ours first, as printed
        first = f"teacher.{network}.mlp.0.weight"
        weights[first] = torch.cat(weights[first].chunk(2, dim=1)[::-1], dim=1)
    load_weights(made, weights)
    return made


def test_attributes_and_compositions(figures: Golden, method: Tgcir, batch: TrainBatch) -> None:
    composer = method.eval().composer
    attributes = {
        "reference": composer.image_attributes(batch.reference),
        "text": composer.text_attributes(batch.text),
        "target": composer.image_attributes(batch.target),
    }
    figures.compare_all({f"out/attributes/{role}": one for role, one in attributes.items()})
    student = composer.student(attributes["reference"], attributes["text"])
    teacher = method.teacher(*(attributes[role] for role in ROLES))
    for who, found in (("student", student), ("teacher", teacher)):
        parts = {"keep": found.keep, "replace": found.replace, "attributes": found.attributes}
        figures.compare_all({f"out/{who}/{part}": one for part, one in parts.items()})
    query, candidate = composer.compose(batch.reference, batch.text), composer.embed_target(batch.target)
    figures.compare("out/query", F.normalize(query.main, dim=1))
    figures.compare("out/candidate", F.normalize(candidate.main, dim=1))
    figures.compare("out/score", composer.score(query, candidate))
    assert not figures.unseen(("out/", "init/"))


def test_losses(figures: Golden, method: Tgcir, batch: TrainBatch, tokens: dict[str, Tensor]) -> None:
    """Values and gradients; where the released code has no gradient, neither have ours."""
    (step,) = method.train().training_steps(batch, method.stages()[0])
    inputs = {f"{role}_tokens": one for role, one in tokens.items()}
    inputs |= {"loss_T": method.rank.scale.value, "local_weight": method.late_score.weights}
    has_gradients = any(name.startswith("grad/") for name in figures)
    for term, ours in OURS.items():
        figures.compare(f"loss/{term}", step.terms[ours])
        for name, gradient in gradients(step.terms[ours], inputs).items():
            figure = f"grad/{term}/{name}"
            figures.compare(figure, gradient.reshape(figures.tensor(figure).shape) if figure in figures else gradient)
            if has_gradients and figure not in figures:
                assert not gradient.any(), figure
    assert not figures.unseen(("loss/", "grad/"))
