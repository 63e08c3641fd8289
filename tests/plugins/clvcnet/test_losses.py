"""Each loss term equals the paper's equation; what guides is held fixed; each step changes its own network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cir_bench import Encoder, TrainBatch, TrainStep
from cir_bench_clvcnet.method import Clvcnet

NAMES = ("local", "global")


def steps(method: Clvcnet, batch: TrainBatch) -> list[TrainStep]:
    """Both steps, at the same weights."""
    return list(method.training_steps(batch, method.stages()[0]))


def values(step: TrainStep) -> dict[str, float]:
    return {name: term.item() for name, term in step.terms.items()}


def leaves(batch: TrainBatch, name: str) -> list[Tensor]:
    """The features of one network's encoder copy."""
    features = [one.branch(name) for one in (batch.reference, batch.text, batch.target)]
    return [features[0].maps[-1], features[1].need_tokens()[0], features[2].maps[-1]]


@pytest.mark.parametrize("mode", ["training", "evaluation"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"temperature": "divide"},
        {"feature_distance": "normed"},
        {"feature_distance": "mean"},
        {"target_layer": "own"},
    ],
    ids=str,
)
def test_every_term_is_the_paper_s(make_clvcnet, random_batch, by_hand, mode: str, params: dict[str, str]) -> None:
    """Two triplets have one target: neither is the other's negative."""
    method, batch = make_clvcnet(**params).train(mode == "training"), random_batch(1)
    assert batch.same_target.sum() > len(batch.same_target)
    expected = by_hand(method)
    for name, step in zip(NAMES, steps(method, batch), strict=True):
        assert step.optimiser == name
        assert values(step) == pytest.approx(expected.terms(name, batch))


def test_another_copy_of_the_target_counts_when_it_is_not_marked(make_clvcnet, random_batch, by_hand) -> None:
    """``mask_same_target`` off, as Eqs. 9, 15 and 16 are printed."""
    method, batch = make_clvcnet().eval(), random_batch(2)
    plain = TrainBatch(batch.reference, batch.text, batch.target, torch.eye(5, dtype=torch.bool))
    marked, unmarked = (steps(method, one) for one in (batch, plain))
    for name, one, other in zip(NAMES, marked, unmarked, strict=True):
        assert values(other) == pytest.approx(by_hand(method).terms(name, plain))
        different = {term for term in one.terms if abs(values(one)[term] - values(other)[term]) > 1e-9}
        assert different == {term for term in one.terms if term.startswith(("L_lc", "L_gc", "L_rank"))}


def test_weights_are_lambda_and_eta(make_clvcnet, random_batch) -> None:
    local, wide = steps(make_clvcnet(lam=0.5, eta=3.0), random_batch(3))
    assert local.weights == {"L_lc": 1.0, "L_lp": 0.5, "L_rank_G_to_L": 3.0, "L_fea_G_to_L": 3.0}
    assert wide.weights == {"L_gc": 1.0, "L_rank_L_to_G": 3.0, "L_fea_L_to_G": 3.0}
    local, wide = steps(make_clvcnet(lam=0.0), random_batch(3))
    assert set(local.terms) == {"L_lc", "L_rank_G_to_L", "L_fea_G_to_L"}
    assert set(wide.terms) == {"L_gc", "L_rank_L_to_G", "L_fea_L_to_G"}


@pytest.mark.parametrize("place", [0, 1])
def test_a_step_s_gradients_reach_its_own_network_alone(make_clvcnet, random_batch, place: int) -> None:
    """Every term by itself, to weights and to the features of the encoder copies."""
    batch = random_batch(4)
    method = make_clvcnet()
    for term in steps(method, batch)[place].terms.values():
        method.zero_grad()
        for name in NAMES:
            for leaf in leaves(batch, name):
                leaf.retain_grad()
                leaf.grad = None
        term.backward(retain_graph=True)
        for number, name in enumerate(NAMES):
            inputs = [leaf.grad is not None and bool(leaf.grad.any()) for leaf in leaves(batch, name)]
            weights = [p.grad is not None and bool(p.grad.any()) for p in method.composer.network(name).parameters()]
            assert all(inputs) == any(inputs) == any(weights) == (number == place)


def test_what_each_term_teaches(make_clvcnet, random_batch) -> None:
    """The perceptual loss stops at the map; the ranking knows no scale of its own."""
    method, batch = make_clvcnet(), random_batch(5)
    local, _ = steps(method, batch)
    local.terms["L_lp"].backward(retain_graph=True)
    network = method.composer.network("local")
    assert network.project.weight.grad is None
    assert network.pool.p.grad is None
    assert network.transform.weight.grad.any()
    local.terms["L_rank_G_to_L"].backward(retain_graph=True)
    assert method.classify["local"].scale.value.grad is None
    local.terms["L_lc"].backward()
    assert method.classify["local"].scale.value.grad != 0


def test_the_factor_of_the_cosine_is_learned_or_fixed(make_clvcnet) -> None:
    learned, fixed = (make_clvcnet(shuffled=False, temperature=one) for one in ("multiply", "divide"))
    for name in NAMES:
        assert learned.classify[name].factor().item() == 10
        assert fixed.classify[name].factor().item() == pytest.approx(0.1)
        assert [p.requires_grad for p in learned.classify[name].parameters()] == [True]
        assert not list(fixed.classify[name].parameters())


class TwoLayers(Encoder):
    """An encoder of which only the parameters are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)

    def parameter_groups(self) -> dict[str, list[torch.nn.Parameter]]:
        return {"backbone": list(self.backbone.parameters()), "head": list(self.head.parameters())}

    def image_item(self, image, *, train=False):
        raise NotImplementedError

    def encode_images(self, items, levels):
        raise NotImplementedError

    def encode_texts(self, texts, levels):
        raise NotImplementedError


def test_an_optimiser_has_its_network_its_scale_and_its_encoder_copy(make_clvcnet) -> None:
    method = make_clvcnet(training={"lr": 1e-3, "encoder_lr": 1e-5})
    encoders = {name: TwoLayers() for name in NAMES}
    made = method.optimisers(method.stages()[0], encoders)
    assert [one.name for one in made] == list(NAMES)
    for one in made:
        by_rate: dict[float, set[int]] = {}
        for group in one.groups:
            by_rate.setdefault(group.lr, set()).update(id(p) for p in group.parameters)
        modules = (method.composer.network(one.name), method.classify[one.name], encoders[one.name].head)
        assert by_rate[1e-3] == {id(p) for module in modules for p in module.parameters()}
        assert by_rate[1e-5] == {id(p) for p in encoders[one.name].backbone.parameters()}
    frozen = method.optimisers(method.stages()[0], {})
    held = [id(p) for one in frozen for group in one.groups for p in group.parameters]
    assert sorted(held) == sorted(id(p) for p in method.parameters())


def state_of(method: Clvcnet, name: str) -> dict[str, Tensor]:
    return {
        key: tensor.clone()
        for key, tensor in method.state_dict().items()
        if key.startswith((f"composer.networks.{name}.", f"classify.{name}."))
    }


def can_move(state: dict[str, Tensor]) -> set[str]:
    """The weights less those behind a ReLU of one or two channels, which a small batch may leave without gradient."""
    behind_relu = ("reduce_three", ".three", "reduce_five", ".five")
    return {key for key in state if not any(part in key for part in ("running", "tracked", *behind_relu))}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {key for key in before if not torch.equal(before[key], after[key])}


def test_the_networks_are_stepped_in_turn(make_clvcnet, random_batch, by_hand) -> None:
    """The local step leaves the global weights alone and the other way round, statistics of batch norm included.

    The global network is guided by the local one as its step has left it.
    """
    method, batch = make_clvcnet(), random_batch(6)
    (stage,) = method.stages()
    optimisers = {
        one.name: torch.optim.Adam([{"params": list(g.parameters), "lr": 1e-2} for g in one.groups])
        for one in method.optimisers(stage, {})
    }
    generator = method.training_steps(batch, stage)

    def take(step: TrainStep) -> None:
        optimisers[step.optimiser].zero_grad()
        step.total().backward()
        optimisers[step.optimiser].step()

    start = by_hand(method).terms("global", batch)
    step = next(generator)
    local, wide = (state_of(method, name) for name in NAMES)
    take(step)
    assert changed(wide, state_of(method, "global")) == set()
    assert changed(local, state_of(method, "local")) >= can_move(local)
    local = state_of(method, "local")
    step = next(generator)
    between = by_hand(method).terms("global", batch)
    assert values(step) == pytest.approx(between)
    assert between["L_gc"] == pytest.approx(start["L_gc"])
    assert between["L_fea_L_to_G"] != pytest.approx(start["L_fea_L_to_G"])
    take(step)
    assert next(generator, None) is None
    assert changed(local, state_of(method, "local")) == set()
    assert changed(wide, state_of(method, "global")) >= can_move(wide)
