"""Every row of Table 3 changes what it should and nothing else; the suite has them all."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from pydantic import ValidationError

from cir_bench import TrainBatch, TrainStep
from cir_bench.runs.suite import load_suite
from cir_bench_clvcnet.method import Clvcnet
from cir_bench_clvcnet.params import Ablation, ClvcnetParams

ALL = ({"L_lc", "L_lp", "L_rank_G_to_L", "L_fea_G_to_L"}, {"L_gc", "L_rank_L_to_G", "L_fea_L_to_G"})
WITHOUT = {
    "no-mutual": {"L_rank_G_to_L", "L_fea_G_to_L", "L_rank_L_to_G", "L_fea_L_to_G"},
    "no-mutual-kl": {"L_rank_G_to_L", "L_rank_L_to_G"},
    "no-mutual-feature": {"L_fea_G_to_L", "L_fea_L_to_G"},
}
ONLY = {"local-only": "local", "global-only": "global"}
ONLY_PLUS = {"local-only+": "local", "global-only+": "global"}
SAME_TRAINING = ["avgpool", *WITHOUT, *ONLY_PLUS]


def steps(method: Clvcnet, batch: TrainBatch) -> list[TrainStep]:
    return list(method.training_steps(batch, method.stages()[0]))


def queries(method: Clvcnet, batch: TrainBatch) -> dict[str, torch.Tensor]:
    return dict(method.composer.compose(batch.reference, batch.text).spaces)


def targets(method: Clvcnet, batch: TrainBatch) -> dict[str, torch.Tensor]:
    return dict(method.composer.embed_target(batch.target).spaces)


def assert_same_terms(found: list[TrainStep], expected: list[TrainStep]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.optimiser == other.optimiser
        for name, term in one.terms.items():
            assert torch.equal(term, other.terms[name]), name
            assert one.weights[name] == other.weights[name]


def test_all_terms_by_default(make_clvcnet, random_batch) -> None:
    found = steps(make_clvcnet(), random_batch())
    assert [set(step.terms) for step in found] == [set(step.weights) for step in found] == list(ALL)
    assert all(term > 0 for step in found for term in step.terms.values())


@pytest.mark.parametrize("ablation", SAME_TRAINING)
def test_weights_and_optimisers_are_the_whole_model_s(make_clvcnet, ablation: str) -> None:
    whole, ablated = (make_clvcnet(shuffled=False, ablation=one) for one in ("none", ablation))
    assert set(ablated.state_dict()) == set(whole.state_dict())
    for name, tensor in ablated.state_dict().items():
        assert torch.equal(tensor, whole.state_dict()[name]), f"{name} starts elsewhere"
    assert ablated.branches == whole.branches == ("local", "global")
    sizes = [
        [(one.name, len(one.groups[0].parameters)) for one in m.optimisers(m.stages()[0], {})] for m in (whole, ablated)
    ]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("ablation", WITHOUT)
def test_a_mutual_ablation_drops_its_terms_alone(make_clvcnet, random_batch, ablation: str) -> None:
    batch = random_batch(1)
    whole, ablated = (make_clvcnet(ablation=one) for one in ("none", ablation))
    found = steps(ablated, batch)
    assert [set(step.terms) for step in found] == [terms - WITHOUT[ablation] for terms in ALL]
    assert_same_terms(found, steps(whole, batch))
    for space, vectors in queries(ablated, batch).items():
        assert torch.equal(vectors, queries(whole, batch)[space])


def test_no_mutual_is_eta_zero(make_clvcnet, random_batch) -> None:
    batch = random_batch(2)
    assert_same_terms(steps(make_clvcnet(ablation="no-mutual"), batch), steps(make_clvcnet(eta=0.0), batch))


def test_averages_change_queries_and_leave_targets(make_clvcnet, random_batch) -> None:
    """That they are averages is checked by the equations in test_forward.py."""
    batch = random_batch(3)
    whole, ablated = (make_clvcnet(ablation=one).eval() for one in ("none", "avgpool"))
    for name in ("local", "global"):
        assert not torch.allclose(queries(ablated, batch)[name], queries(whole, batch)[name])
        assert torch.equal(targets(ablated, batch)[name], targets(whole, batch)[name])
    assert [set(step.terms) for step in steps(ablated, batch)] == list(ALL)


@pytest.mark.parametrize(("ablation", "name"), ONLY.items())
def test_one_network_only_is_that_network_without_the_other(make_clvcnet, random_batch, ablation, name) -> None:
    """It starts from the same weights, asks for one encoder copy and one optimiser, and has its own losses alone."""
    batch = random_batch(4)
    whole, ablated = (make_clvcnet(shuffled=False, ablation=one) for one in ("none", ablation))
    own = {key: tensor for key, tensor in whole.state_dict().items() if f".{name}." in key}
    assert set(ablated.state_dict()) == set(own)
    for key, tensor in ablated.state_dict().items():
        assert torch.equal(tensor, own[key]), f"{key} starts elsewhere"
    assert ablated.branches == (name,)
    assert [one.name for one in ablated.optimisers(ablated.stages()[0], {})] == [name]
    (found,) = steps(ablated, batch)
    (alike,) = (step for step in steps(whole, batch) if step.optimiser == name)
    assert set(found.terms) == set(alike.terms) - WITHOUT["no-mutual"]
    assert_same_terms([found], [alike])
    assert set(queries(ablated, batch)) == set(targets(ablated, batch)) == {name}


@pytest.mark.parametrize(("ablation", "name"), ONLY_PLUS.items())
def test_one_network_only_plus_is_trained_as_the_whole_and_scores_by_one(
    make_clvcnet, random_batch, ablation, name
) -> None:
    batch = random_batch(5)
    whole, ablated = (make_clvcnet(ablation=one) for one in ("none", ablation))
    found = steps(ablated, batch)
    assert [set(step.terms) for step in found] == list(ALL)
    assert_same_terms(found, steps(whole, batch))
    whole.eval()
    ablated.eval()
    for embed in (queries, targets):
        assert set(embed(ablated, batch)) == {name}
        assert torch.equal(embed(ablated, batch)[name], embed(whole, batch)[name])


def test_the_suite_is_the_whole_and_every_row_of_table_3() -> None:
    points = [dict(one.settings) for one in load_suite("ablations/clvcnet", {})]
    assert points[0] == {}
    assert [point["ablation"] for point in points[1:]] == [one for one in get_args(Ablation) if one != "none"]
    assert all(ClvcnetParams.model_validate(point) for point in points)


def test_ablations_are_spelled_as_documented() -> None:
    with pytest.raises(ValidationError, match="no-mutual-feature"):
        ClvcnetParams.model_validate({"ablation": "no-mutual-ranking"})
