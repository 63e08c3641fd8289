"""The six loss terms equal Eqs. 5 and 9–14, computed once more with loops over Python floats; gradients are right."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from cir_bench import TrainBatch, TrainStep
from cir_bench_tgcir.losses import matching_divergence, orthogonality
from cir_bench_tgcir.method import Tgcir

TERMS = ["L_rank_stu", "L_rank_tea", "L_mask_tea", "L_ortho", "L_ckd", "L_kl"]
WEIGHTS = {"lam": 0.7, "eta": 1.3, "mu": 0.2, "nu": 3.0, "kappa": 0.4}


def step_of(method: Tgcir, batch: TrainBatch) -> TrainStep:
    (step,) = method.training_steps(batch, method.stages()[0])
    return step


@pytest.mark.parametrize("mark", [True, False], ids=["copies-masked", "copies-are-negatives"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tau": 0.5},
        {"pooling": "mean"},
        {"teacher_detach": "none"},
        {"teacher_detach": "branch"},
        {"scales": "released"},
        {"variant": "released", "text_length": 6},
        {"attribute_weights": True},
    ],
    ids=str,
)
def test_every_term(make_tgcir, random_batch, by_hand, params, mark) -> None:
    method, batch = make_tgcir(**params), random_batch(1, mark=mark)
    if method.late_score.weights is not None:
        method.late_score.weights.data.uniform_(0.5, 1.5)
    found, expected = step_of(method, batch).terms, by_hand(method).terms(batch)
    assert set(found) == set(expected)
    for name in TERMS:
        assert found[name].item() == pytest.approx(expected[name], rel=1e-9), name
        assert expected[name] > 1e-6, f"{name} says nothing here"


def test_the_objective_is_the_weighted_sum(make_tgcir, random_batch, by_hand) -> None:
    """Eq. 15."""
    method, batch = make_tgcir(**WEIGHTS), random_batch(2)
    e = by_hand(method).terms(batch)
    expected = e["L_rank_stu"] + 0.7 * e["L_rank_tea"] + 1.3 * e["L_mask_tea"]
    expected += 0.2 * e["L_ortho"] + 3.0 * e["L_ckd"] + 0.4 * e["L_kl"]
    assert step_of(method, batch).total().item() == pytest.approx(expected, rel=1e-9)


def test_a_batch_without_any_other_target_has_no_ranking_and_no_divergence(make_tgcir, random_batch) -> None:
    terms = step_of(make_tgcir(), random_batch(3, images=1)).terms
    for name in ("L_rank_stu", "L_rank_tea", "L_kl"):
        assert terms[name].item() == pytest.approx(0.0, abs=1e-12)


def test_a_copy_of_the_target_weighs_in_no_distribution(random_batch) -> None:
    """Whatever the copy's similarities are, the divergence and its gradient are the same, and finite."""
    same = random_batch(4, size=4, images=3).same_target
    copy = same & ~torch.eye(4, dtype=torch.bool)
    assert copy.sum() == 2
    generator = torch.Generator().manual_seed(0)
    targets = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    queries = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    results = []
    for value in (0.0, 9.0):
        given = queries.masked_fill(copy, value).requires_grad_()
        loss = matching_divergence(targets.masked_fill(copy, value), given, 0.3, same)
        (gradient,) = torch.autograd.grad(loss, given)
        results.append((loss.detach(), gradient))
    torch.testing.assert_close(results[0], results[1])
    assert not results[0][1][copy].any()


def test_the_divergence_is_zero_where_queries_match_as_targets_do() -> None:
    similar = torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    same = torch.eye(5, dtype=torch.bool)
    assert matching_divergence(similar, similar + 3, 0.1, same).item() == pytest.approx(0.0, abs=1e-12)
    assert matching_divergence(similar, similar.T, 0.1, same).item() > 0.1


def test_orthogonality_is_zero_at_orthogonal_attributes_of_any_length_and_largest_at_equal_ones() -> None:
    orthogonal = torch.diag(torch.tensor([1.0, 5.0, 0.2]))[None]
    assert orthogonality(orthogonal, orthogonal).item() == pytest.approx(0.0)
    equal = torch.ones(2, 3, 4)
    assert orthogonality(equal).item() == pytest.approx(3 * 2)  # every pair of different attributes, both ways


def test_gradients_of_the_divergence_and_of_orthogonality_are_the_numerical_ones() -> None:
    generator = torch.Generator().manual_seed(1)
    queries = torch.randn(4, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    same = torch.eye(4, dtype=torch.bool)
    same[0, 2] = same[2, 0] = True
    assert torch.autograd.gradcheck(lambda q: matching_divergence(targets, q, 0.5, same), (queries,))
    attributes = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda e: orthogonality(e, 2 * e), (attributes,))


@pytest.mark.parametrize("name", ["L_rank_stu", "L_ortho"])
def test_gradients_of_terms_without_detachment_are_the_numerical_ones(make_tgcir, random_batch, name: str) -> None:
    """By every parameter of the composer, down to the features; the other terms hold gradients back somewhere."""
    method, batch = make_tgcir(), random_batch(5, size=4, images=3)
    _check_numerically(method, batch, name)


@pytest.mark.parametrize("name", ["L_rank_tea", "L_mask_tea"])
def test_without_detachment_the_teacher_s_gradients_are_those_of_the_printed_equations(
    make_tgcir, random_batch, name: str
) -> None:
    _check_numerically(make_tgcir(teacher_detach="none"), random_batch(6, size=4, images=3), name)


def _check_numerically(method: Tgcir, batch: TrainBatch, name: str) -> None:
    """Every parameter's gradient along a random direction against a central difference of the term."""
    parameters = [p for p in method.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(step_of(method, batch).terms[name], parameters, allow_unused=True)
    generator, epsilon = torch.Generator().manual_seed(0), 1e-6
    moved = 0
    for parameter, gradient in zip(parameters, gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(direction, alpha=sign * epsilon)
                values.append(step_of(method, batch).terms[name].item())
                parameter.sub_(direction, alpha=sign * epsilon)
        numerical = (values[0] - values[1]) / (2 * epsilon)
        analytic = 0.0 if gradient is None else (gradient * direction).sum().item()
        assert analytic == pytest.approx(numerical, rel=1e-5, abs=1e-7)
        moved += not math.isclose(numerical, 0.0, abs_tol=1e-9)
    assert moved >= 4


def features_with_gradient(term: Tensor, batch: TrainBatch) -> set[str]:
    """Which of the batch's features a term has gradients to: ``reference.pooled``, ``text.tokens`` …"""
    named = {
        f"{role}.{level}": tensor
        for role in ("reference", "text", "target")
        for level, tensor in getattr(batch, role).tensors().items()
        if tensor.requires_grad
    }
    found = torch.autograd.grad(term, list(named.values()), retain_graph=True, allow_unused=True)
    return {name for name, g in zip(named, found, strict=True) if g is not None and g.abs().max() > 0}


def parts_with_gradient(term: Tensor, method: Tgcir) -> set[str]:
    """Which parts of the method a term has gradients to."""
    parts = {
        "condition masks": [method.composer.global_attributes.masks],
        "poolings": list(method.composer.local_attributes.weigh.parameters()),
        "FC of images": list(method.composer.local_attributes.project["image"].parameters()),
        "FC of texts": list(method.composer.local_attributes.project["text"].parameters()),
        "MLP_s": list(method.composer.student.parameters()),
        "MLP_t1": list(method.teacher.keep.parameters()),
        "MLP_t2": list(method.teacher.replace.parameters()),
    }
    found = set()
    for name, parameters in parts.items():
        gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
        if any(g is not None and g.abs().max() > 0 for g in gradients):
            found.add(name)
    return found


SHARED = {"condition masks", "poolings", "FC of images"}
EXTRACTION = SHARED | {"FC of texts"}
TEACHER = {"MLP_t1", "MLP_t2"}
REFERENCE, TEXT, TARGET = ({f"{role}.pooled", f"{role}.tokens"} for role in ("reference", "text", "target"))


@pytest.mark.parametrize(
    ("detach", "name", "parts", "features"),
    [
        ("masks", "L_rank_stu", EXTRACTION | {"MLP_s"}, REFERENCE | TEXT | TARGET),
        ("masks", "L_ortho", EXTRACTION, REFERENCE | TEXT | TARGET),
        ("masks", "L_ckd", EXTRACTION | {"MLP_s"}, REFERENCE | TEXT),
        ("masks", "L_kl", EXTRACTION | {"MLP_s"}, REFERENCE | TEXT | TARGET),
        ("masks", "L_rank_tea", EXTRACTION | TEACHER, REFERENCE | TEXT | TARGET),
        ("masks", "L_mask_tea", SHARED | TEACHER, TARGET),
        ("branch", "L_rank_tea", SHARED | TEACHER, TARGET),
        ("branch", "L_mask_tea", SHARED | TEACHER, TARGET),
        ("none", "L_rank_tea", EXTRACTION | TEACHER, REFERENCE | TEXT | TARGET),
        ("none", "L_mask_tea", EXTRACTION | TEACHER, REFERENCE | TEXT | TARGET),
    ],
)
def test_where_each_term_s_gradients_go(make_tgcir, random_batch, detach, name, parts, features) -> None:
    method, batch = make_tgcir(teacher_detach=detach), random_batch(7)
    term = step_of(method, batch).terms[name]
    assert parts_with_gradient(term, method) == parts
    assert features_with_gradient(term, batch) == features


def test_by_default_the_teacher_s_ranking_reaches_reference_and_text_by_what_its_masks_multiply(
    make_tgcir, random_batch
) -> None:
    """With its masks held fixed the gradient to the reference is the same: nothing of it comes through the masks."""
    method, batch = make_tgcir(), random_batch(8)
    term = step_of(method, batch).terms["L_rank_tea"]
    fixed = make_tgcir()
    for network in (fixed.teacher.keep, fixed.teacher.replace):
        network.register_forward_hook(lambda module, inputs, output: output.detach())
    held = step_of(fixed, batch).terms["L_rank_tea"]
    for role in (batch.reference, batch.text):
        inputs = [role.pooled, role.tokens]
        found, expected = (torch.autograd.grad(one, inputs, retain_graph=True) for one in (term, held))
        torch.testing.assert_close(found, expected)
    (through,) = torch.autograd.grad(term, [batch.target.pooled])
    (without,) = torch.autograd.grad(held, [batch.target.pooled])
    assert not torch.allclose(through, without), "the target is not held back"


def test_the_guiding_distribution_has_no_gradient(random_batch) -> None:
    targets = torch.randn(4, 4, requires_grad=True)
    queries = torch.randn(4, 4, requires_grad=True)
    loss = matching_divergence(targets, queries, 0.1, torch.eye(4, dtype=torch.bool))
    to_targets, to_queries = torch.autograd.grad(loss, [targets, queries], allow_unused=True)
    assert to_targets is None
    assert to_queries.abs().max() > 0
