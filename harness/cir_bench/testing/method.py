"""`MethodContract`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import pytest
import torch

from cir_bench.config import dotted, merge
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.method import Method, TrainBatch
from cir_bench.interfaces.published import PublishedWeights
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.params.tunable import nested, search_space
from cir_bench.plugin.build import build_method
from cir_bench.plugin.card import card_text
from cir_bench.plugin.needs import needs_together, wrapped_composers
from cir_bench.plugin.published import load_content
from cir_bench.plugin.registry import load
from cir_bench.testing.asserts import (
    assert_finite,
    assert_same_embedding,
    assert_same_sides,
    assert_same_tensors,
    without_gradient,
)
from cir_bench.testing.base import seeded
from cir_bench.testing.composing import Composing
from cir_bench.testing.devices import assert_on_gpu, pretend_gpu
from cir_bench.testing.features import FeatureGallery, as_learned_from, random_features, require_gradients
from cir_bench.testing.published import assert_width, saved
from cir_bench.testing.stepping import all_terms, as_given, margin, steps, train_all

TRIPLETS = 8


class MethodContract(Composing):
    """The contract of a method: set ``name``, and ``params`` or ``shape`` where the defaults do not do.

    Its composer is checked as by `ComposerContract`. In addition: training steps and optimisers of every stage, the
    recipes, and that evaluation cannot see a target.
    """

    learns: ClassVar[bool] = True
    """False for a method whose loss on one batch need not fall within the steps that are tried."""
    _runs: ClassVar[dict[tuple[type, str], tuple[Method, list[tuple[str, list[float]]]]]] = {}

    def method(self, seed: int = 0, more: Mapping[str, Any] | None = None) -> Method:
        """The method, constructed as the harness does; with ``more`` parameters."""
        registered = self.find(MethodSpec)
        params = make_params(registered.spec, merge(self.parameters(), more or {}))
        with seeded(seed):
            return build_method(registered, params, self.registry(), self.encoder_shape(), self.pseudo_words())

    def needs(self) -> Needs:
        """What it and the composers that it wraps declare under these parameters."""
        registered = self.find(MethodSpec)
        params = make_params(registered.spec, self.parameters())
        return needs_together(registered, params, wrapped_composers(self.registry(), registered, params))

    def composer(self, seed: int = 0) -> Composer:
        """The method's composer, in evaluation mode."""
        return self.method(seed).eval().composer

    def branches(self) -> Sequence[str]:
        """The encoder copies that the method's class asks for."""
        names: Sequence[str] = getattr(load(self.find(MethodSpec)), "branches", ())
        return names

    def batch(self, seed: int = 20, target_seed: int = 23) -> TrainBatch:
        """Random triplets, images or texts, two with one target; with gradients, as when the encoder is trained."""
        reference, text = self.query_features(TRIPLETS, seed)
        target = self.target_features(TRIPLETS, target_seed)[torch.tensor([0, 1, 2, 3, 4, 5, 6, 0])]
        reference, text, target = as_learned_from(self.needs().examples, reference, text, target)
        side = random_features(self.encoder_shape().text, TRIPLETS, target_seed + 1, self.branches())
        for features in (reference, text, target, side):
            require_gradients(features)
        same = torch.eye(TRIPLETS).bool()
        same[0, 7] = same[7, 0] = True
        images, places = Features.cat([reference, target]), torch.arange(TRIPLETS)
        gallery = FeatureGallery(images, places, TRIPLETS + places)
        if not self.needs().side_text:
            return TrainBatch(reference, text, target, same, gallery=gallery)
        return TrainBatch(reference, text, target, same, side, places != 1, gallery=gallery)

    def test_its_card_can_be_read(self) -> None:
        """Where the card is a file, the package ships it and it is not empty."""
        registered = self.find(MethodSpec)
        assert card_text(registered).strip() or not registered.spec.card

    def test_stage_names_are_unique(self) -> None:
        """Logs, records and checkpoints identify stages by name."""
        names = [stage.name for stage in self.method().stages()]
        assert len(set(names)) == len(names)
        assert all(names)

    def test_every_step_has_finite_terms_and_a_declared_optimiser(self) -> None:
        """Each term is a scalar; weights and optimiser name things that exist."""
        method = self.method().train()
        for stage in method.stages():
            optimisers = {optimiser.name for optimiser in method.optimisers(stage, {})}
            taken = steps(method, stage, self.batch())
            assert taken, f"stage {stage.name} yields no step"
            for step in taken:
                assert step.terms, f"a step of stage {stage.name} has no terms"
                assert_finite(step.terms, f"stage {stage.name}")
                assert all(term.shape == () for term in step.terms.values()), "a loss term is not a scalar"
                assert set(step.weights) <= set(step.terms), "a weight for a term that the step does not have"
                assert step.optimiser in optimisers, f"optimiser {step.optimiser!r} is not one of {sorted(optimisers)}"

    def test_defaults_of_tunable_parameters_lie_in_their_ranges(self) -> None:
        """So do the controlled track's values, where a search begins. Only that of a logarithmic range may be 0."""
        spec = self.find(MethodSpec).spec
        for recipe in ({}, *spec.controlled.values()):
            params = make_params(spec, merge(self.params, recipe))
            values = dotted(params.model_dump())
            for name, tunable in search_space(params).items():
                value = values[name]
                assert value in tunable or (tunable.log and value == 0), f"{name}={value:g} is not in {tunable}"

    def test_it_trains_with_both_ends_of_tunable_ranges(self) -> None:
        """Both ends are values that the method takes, and all low or all high ends together have finite terms."""
        spec = self.find(MethodSpec).spec
        space = search_space(make_params(spec, self.parameters()))
        for end in ("low", "high"):
            values = {name: getattr(tunable, end) for name, tunable in space.items()}
            method = self.method(more=nested(values)).train()
            for stage in method.stages():
                for step in steps(method, stage, self.batch()):
                    assert_finite(step.terms, f"stage {stage.name} with {values}")

    def test_training_is_on_the_device_of_the_features(self) -> None:
        """On a GPU, no step leaves a tensor on the CPU: tried with fake tensors, see `cir_bench.testing.devices`."""
        method, batch = self.method().train(), self.batch()
        with pretend_gpu() as gpu:
            gpu.module(method)
            batch = gpu.batch(batch)
            for stage in method.stages():
                assert_on_gpu(f"stage {stage.name}", partial(all_terms, method, stage, batch))

    def test_one_seed_one_training(self) -> None:
        """Two methods from one seed, stepped from one seed, have the same terms."""
        runs = []
        for _ in range(2):
            method = self.method(seed=6).train()
            with seeded(7):
                runs.append([step.terms for stage in method.stages() for step in steps(method, stage, self.batch())])
        for first, second in zip(*runs, strict=True):
            assert_same_tensors(second, first, "term ")

    def test_gradients_reach_every_trainable_parameter(self) -> None:
        """Over all stages, every parameter gets some gradient and belongs to an optimiser."""
        method = self.method().train()
        trainable = {name for name, parameter in method.named_parameters() if parameter.requires_grad}
        if not trainable:
            pytest.skip("it has no trainable parameters")
        missing, stepped = trainable, set[int]()
        for stage in method.stages():
            groups = [group for optimiser in method.optimisers(stage, {}) for group in optimiser.groups]
            grouped = [id(parameter) for group in groups for parameter in group.parameters]
            assert len(set(grouped)) == len(grouped), f"stage {stage.name}: a parameter is in two groups"
            stepped |= set(grouped)
            for seed in range(3):
                method.zero_grad()
                with seeded(seed):
                    for step in method.training_steps(as_given(stage, self.batch(20 + seed, 60 + seed)), stage):
                        torch.autograd.backward(step.total(), retain_graph=True)
                missing = missing & without_gradient(method)
        assert missing == self.unused_parameters, f"parameters without gradient: {sorted(missing)}"
        idle = {name for name, parameter in method.named_parameters() if id(parameter) not in stepped}
        assert not idle & trainable, f"parameters that no optimiser steps: {sorted(idle & trainable)}"

    def test_training_lowers_the_loss(self) -> None:
        """Thirty steps on one batch, in the method's own groups: the last total of every stage is below the first."""
        for stage, (first, *totals) in ((name, totals) for name, totals in self._trained()[1] if totals):
            assert min(totals[-3:]) < first, f"stage {stage}: the loss went from {first} to {totals[-1]}"

    def test_the_score_in_training_is_the_score_at_evaluation(self) -> None:
        """Thirty steps on one batch raise the scores that evaluation gives to right pairs over those of wrong ones."""
        if self.needs().examples == "texts":
            pytest.skip("it learns from texts alone, of which none is the target of another")
        batch, (trained, stages) = self.batch(), self._trained()
        if not any(totals for _, totals in stages):
            pytest.skip("it has nothing to train, or need not learn one batch")
        assert (raised := margin(trained, batch) - margin(self.method(), batch)) > 0, (
            f"training moved right pairs over wrong ones by {raised:.3g} in the score that evaluation uses; "
            "losses must be about Composer.score (pass them Composer.scorer)"
        )

    def _trained(self) -> tuple[Method, list[tuple[str, list[float]]]]:
        """The method after thirty steps of every stage on one batch, and their totals; trained once per variant."""
        key = type(self), self.variant
        if key not in self._runs:
            method = self.method().train()
            self._runs[key] = method, train_all(method, self.batch()) if self.learns else []
        return self._runs[key]

    def test_targets_of_training_leave_no_trace_in_queries(self) -> None:
        """Stepped through other targets with fixed weights, it composes the same queries: no target is remembered."""
        queries = []
        for target_seed in (23, 99):
            method = self.method().eval()
            for stage in method.stages():
                steps(method, stage, self.batch(target_seed=target_seed))
            queries.append(self.query(method.composer))
        assert_same_embedding(queries[1], queries[0], "queries")

    def test_weights_only_for_training_are_not_used_at_evaluation(self) -> None:
        """With NaN in every weight outside the composer (a teacher's, a loss's), all embeddings are the same."""
        method = self.method().eval()
        before = self.embeddings(method.composer)
        inside = {id(tensor) for tensor in [*method.composer.parameters(), *method.composer.buffers()]}
        with torch.no_grad():
            for tensor in [*method.parameters(), *method.buffers()]:
                if id(tensor) not in inside and tensor.is_floating_point():
                    tensor.fill_(torch.nan)
        assert_same_sides(self.embeddings(method.composer), before)

    def test_a_checkpoint_brings_everything_back(self) -> None:
        """Another instance that loads the state gives the same queries and the same loss terms."""
        first, second = self.method(seed=1).eval(), self.method(seed=2).eval()
        for stage in first.stages():
            steps(first, stage, self.batch())  # a stage may switch what is composed
        second.load_state_dict(first.state_dict())
        assert_same_embedding(self.query(second.composer), self.query(first.composer), "queries")
        for stage in first.stages()[-1:]:
            pairs = zip(steps(first, stage, self.batch()), steps(second, stage, self.batch()), strict=True)
            for ours, theirs in pairs:
                assert_same_tensors(theirs.terms, ours.terms, "term ")

    def published_file(self, method: Method, layout: PublishedWeights) -> Mapping[str, Any]:
        """What the authors' code would save of ``method``; override it for a layout with ``convert``."""
        return saved(method, layout)

    def test_a_published_file_brings_everything_back(self) -> None:
        """Another instance that loads a file in the layout of `MethodSpec.published` has the same embeddings."""
        layout = self.find(MethodSpec).spec.published
        if layout is None:
            pytest.skip("its plugin declares no layout of published weights")
        first, second = self.method(seed=1).eval(), self.method(seed=2).eval()
        content = self.published_file(first, layout)
        assert_width(layout, content, self.encoder_shape())
        load_content(second, layout, content, self.name)
        assert_same_sides(self.embeddings(second.composer), self.embeddings(first.composer))
