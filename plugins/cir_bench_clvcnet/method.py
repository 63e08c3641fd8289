"""The method `clvcnet`: two networks that are trained in turn and learn from each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cir_bench import (
    BuildContext,
    Embedding,
    Encoder,
    Features,
    Method,
    Optimiser,
    ParameterGroup,
    TrainBatch,
    TrainStage,
    TrainStep,
)
from cir_bench_clvcnet.composer import NAMES, ClvcnetComposer, names_of
from cir_bench_clvcnet.losses import cosines, feature_distance, perceptual, ranking_divergence
from cir_bench_clvcnet.network import Matched, Network
from cir_bench_clvcnet.params import LOCAL, MULTIPLY, ClvcnetParams

CLASSIFY, PERCEPTUAL, RANK, FEATURE = "classify", "perceptual", "rank", "feature"
TERMS = {
    "local": {CLASSIFY: "L_lc", PERCEPTUAL: "L_lp", RANK: "L_rank_G_to_L", FEATURE: "L_fea_G_to_L"},
    "global": {CLASSIFY: "L_gc", RANK: "L_rank_L_to_G", FEATURE: "L_fea_L_to_G"},
}
"""The terms of each network's objective (Eqs. 19 and 20), as they are logged."""

WITHOUT = {
    "no-mutual": (RANK, FEATURE),
    "no-mutual-kl": (RANK,),
    "no-mutual-feature": (FEATURE,),
    "local-only": (RANK, FEATURE),
    "global-only": (RANK, FEATURE),
}
"""Terms that a row of Table 3 does without."""


class Clvcnet(Method):
    """CLVC-Net: for every batch one step of the local network's optimiser, then one of the global network's.

    In a network's step the other guides it and is held fixed. The global network learns from the local one as it is
    after its step, on the features that its encoder gave at the batch's start. A term of weight zero is not computed.
    """

    branches: Sequence[str] = NAMES
    params: ClvcnetParams
    composer: ClvcnetComposer

    def __init__(self, params: ClvcnetParams, context: BuildContext) -> None:
        super().__init__(params)
        self.branches = names_of(params.networks)
        self.composer = ClvcnetComposer(params, context)
        multiply = params.temperature == MULTIPLY
        scale = params.mu if multiply else 1 / params.mu
        self.classify = nn.ModuleDict(
            {
                name: context.loss("batch-classification", scale=scale, scale_on="similarity", learn_scale=multiply)
                for name in self.branches
            }
        )
        self.distribution_factor = params.nu if multiply else 1 / params.nu
        self.weights = kind_weights(params)

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """One for each network: its composition module, its scale, and its copy of the encoder when that is trained."""
        made = []
        for name in self.branches:
            own = {id(p) for module in (self.composer.network(name), self.classify[name]) for p in module.parameters()}
            copy = {name: encoders[name]} if name in encoders else {}
            own |= {id(p) for encoder in copy.values() for p in encoder.parameters()}
            (main,) = super().optimisers(stage, copy)
            groups = [ParameterGroup([p for p in group.parameters if id(p) in own], group.lr) for group in main.groups]
            made.append(Optimiser(name, [group for group in groups if group.parameters]))
        return made

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """A step for each network, the local one first."""
        inputs = {name: _branches(name, batch) for name in self.branches}
        found = {name: self.composer.network(name)(*inputs[name]) for name in self.branches}
        for name in self.branches:
            guides = [found[other] for other in self.branches if other != name]
            guide = guides[0] if guides else None
            terms = self._terms(name, batch, found[name], guide)
            weights = {TERMS[name][kind]: self.weights[kind] for kind in terms}
            named = {TERMS[name][kind]: term for kind, term in terms.items()}
            yield TrainStep(named, weights, optimiser=name)  # Eqs. 19 and 20
            if name == LOCAL and guide is not None and (RANK in self.weights or FEATURE in self.weights):
                found[name] = as_guide(self.composer.network(name), *inputs[name])  # as the step has left it

    def _terms(self, name: str, batch: TrainBatch, own: Matched, guide: Matched | None) -> dict[str, Tensor]:
        query, target = Embedding.single(own.query), Embedding.single(own.target)
        terms = {CLASSIFY: self.classify[name](query, target, batch.same_target)}  # Eqs. 9 and 15
        if PERCEPTUAL in TERMS[name] and PERCEPTUAL in self.weights:
            terms[PERCEPTUAL] = perceptual(own.representation, batch.target.branch(name).need_maps(1)[0])
        if guide is not None and RANK in self.weights:
            pairs = cosines(guide.query, guide.target), cosines(own.query, own.target)
            terms[RANK] = ranking_divergence(*pairs, self.distribution_factor, batch.same_target)
        if guide is not None and FEATURE in self.weights:
            vectors = (guide.query, guide.target), (own.query, own.target)
            terms[FEATURE] = feature_distance(*vectors, self.params.feature_distance)
        return terms


def as_guide(network: Network, reference: Features, text: Features, target: Features) -> Matched:
    """What the network says of a batch, without gradient, and without taking the batch into its running statistics."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with torch.no_grad():
        matched: Matched = functional_call(network, buffers, (reference, text, target))
    return matched


def _branches(name: str, batch: TrainBatch) -> tuple[Features, Features, Features]:
    """Reference, text and target as one network's encoders give them."""
    return batch.reference.branch(name), batch.text.branch(name), batch.target.branch(name)


def kind_weights(params: ClvcnetParams) -> dict[str, float]:
    """The weights of Eqs. 19 and 20 by kind of term, less those that are zero or that the ablation does without."""
    weights = {CLASSIFY: 1.0, PERCEPTUAL: params.lam, RANK: params.eta, FEATURE: params.eta}
    without = WITHOUT.get(params.ablation, ())
    return {kind: weight for kind, weight in weights.items() if weight > 0 and kind not in without}
