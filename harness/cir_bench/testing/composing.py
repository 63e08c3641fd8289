"""The checks of a composer, which that of every method must pass, too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import EncoderShape, Features
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.method import BatchGallery
from cir_bench.interfaces.pseudo_words import PseudoWords
from cir_bench.testing.asserts import (
    assert_finite,
    assert_same,
    assert_same_embedding,
    assert_same_sides,
    assert_same_tensors,
)
from cir_bench.testing.base import Contract, seeded
from cir_bench.testing.devices import assert_on_gpu, pretend_gpu
from cir_bench.testing.explaining import assert_explains_each_query
from cir_bench.testing.features import other_padding, random_features, random_texts, shape_for, zeros
from cir_bench.testing.stepping import all_scores
from cir_bench.testing.words import random_words, texts_for

QUERIES = 6
CANDIDATES = 9


class Composing(Contract, ABC):
    """Checks of a composer on random features of exactly the declared levels."""

    shape: ClassVar[EncoderShape | None] = None
    """Widths of the random features; None: small ones that fit the declared needs."""
    unused_parameters: ClassVar[frozenset[str]] = frozenset()
    """Parameters that rightly get no gradient; say why beside them."""

    @abstractmethod
    def composer(self, seed: int = 0) -> Composer:
        """A new composer in evaluation mode, initialised with torch's generator at ``seed``."""

    @abstractmethod
    def needs(self) -> Needs:
        """The features that it declares to need under these parameters."""

    @cached_property
    def _needs(self) -> Needs:
        """`needs`, asked once in each test."""
        return self.needs()

    def encoder_shape(self) -> EncoderShape:
        """Widths of the random features."""
        return self.shape or shape_for(self._needs)

    def branches(self) -> Sequence[str]:
        """Names of encoder copies that get random features too."""
        return ()

    def query_features(self, batch: int = QUERIES, seed: int = 1) -> tuple[Features, Features]:
        """Random features of reference images and of texts; with the texts, if pseudo-words are needed."""
        shape = self.encoder_shape()
        reference = random_features(shape.image, batch, seed, self.branches())
        text = random_texts(shape, batch, seed + 1, self.branches())
        return reference, replace(text, texts=texts_for(batch, seed)) if self._needs.pseudo_words else text

    def pseudo_words(self) -> PseudoWords | None:
        """A text tower that reads pseudo-words, if they are needed."""
        shape = self.encoder_shape()
        # it may read no texts but those with pseudo-words, which are in the space of the images
        return random_words(shape.text.pooled or shape.image.width) if self._needs.pseudo_words else None

    def target_features(self, batch: int = CANDIDATES, seed: int = 3) -> Features:
        """Random features of candidates."""
        return random_features(self.encoder_shape().image, batch, seed, self.branches())

    def query(self, composer: Composer, seed: int = 1) -> Embedding:
        """Composed queries, refined by the candidates where the composer does that."""
        with torch.no_grad():
            query = composer.compose(*self.query_features(seed=seed))
            return composer.refine(query, self.gallery(composer)) if composer.uses_gallery else query

    def embeddings(self, composer: Composer) -> tuple[Embedding, Embedding]:
        """The queries and the candidates."""
        return self.query(composer), composer.embed_target(self.target_features())

    def gallery(self, composer: Composer, order: Tensor | None = None) -> BatchGallery:
        """The candidates, in the given order."""
        target = composer.embed_target(self.target_features())
        return BatchGallery(target if order is None else target[order], composer.scorer)

    def test_queries_and_candidates_fit_each_other(self) -> None:
        """The same spaces of the same widths, one row per item, in the features' dtype; one score per pair."""
        composer = self.composer()
        query, target = self.embeddings(composer)
        assert (len(query), len(target)) == (QUERIES, CANDIDATES)
        assert set(query.spaces) == set(target.spaces), "queries and candidates have different spaces"
        for name in query.spaces:
            assert query.spaces[name].shape[-1] == target.spaces[name].shape[-1], f"space {name} has two widths"
        for tensor in [*query.spaces.values(), *target.spaces.values()]:
            assert tensor.dtype == torch.float32, f"the features are float32, the embedding is {tensor.dtype}"
        assert composer.score(query, target).shape == (QUERIES, CANDIDATES)

    def test_values_are_finite_even_for_features_of_zeros(self) -> None:
        """No NaN, no infinity: an empty text may have features of zeros."""
        composer = self.composer()
        reference, text = self.query_features()
        for inputs in ((reference, text), (reference, zeros(text)), (zeros(reference), zeros(text))):
            query = composer.compose(*inputs)
            assert_finite({**query.spaces, **query.extras, **_scaled(query)}, "query")
        target = composer.embed_target(zeros(self.target_features()))
        assert_finite({**target.spaces, **target.extras, **_scaled(target)}, "candidate")

    def test_vectors_have_a_length_and_scores_have_bounds(self) -> None:
        """No vector of length 0, whose cosine with everything is a tie; joint scores are sums of weighted cosines."""
        composer = self.composer()
        query, target = self.embeddings(composer)
        for role, embedding in (("query", query), ("candidate", target)):
            for name, vectors in embedding.spaces.items():
                shortest = float(vectors.detach().norm(dim=-1).min())
                assert shortest > 1e-6, f"a {role} has length {shortest:.2g} in space {name}"
        if not composer.factorises:
            return
        highest = sum(query.weights.get(name, 1.0) for name in query.spaces)
        scores = composer.score(query, target)
        largest = float(scores.detach().abs().max())
        assert largest <= highest + 1e-4, f"scores factorise, but one is {largest:.3g}; the weights sum to {highest:g}"
        assert_same(scores, query.score(target), "score() of a composer that factorises is not the joint score")

    def test_lower_precision_gives_finite_values(self) -> None:
        """Under bfloat16 and float16 autocast nothing overflows or divides by zero."""
        composer = self.composer()
        for dtype in (torch.bfloat16, torch.float16):
            with torch.autocast("cpu", dtype):
                query, target = self.embeddings(composer)
            assert_finite({**query.spaces, **target.spaces}, f"in {str(dtype).removeprefix('torch.')}")

    def test_explanations_are_of_the_queries(self) -> None:
        """What `Composer.explain` shows has a title and a row for each query, which depends on no other query."""
        composer = self.composer()
        gallery = self.gallery(composer) if composer.uses_gallery else None
        assert_explains_each_query(composer, *self.query_features(), gallery)

    def test_one_seed_one_composer(self) -> None:
        """Two composers from one seed have the same weights and give the same queries."""
        first, second = self.composer(seed=5), self.composer(seed=5)
        assert_same_tensors(second.state_dict(), first.state_dict(), "weights ")
        assert_same_embedding(self.query(second), self.query(first), "queries")

    def test_evaluation_has_no_randomness(self) -> None:
        """In evaluation mode, queries and candidates do not depend on the random generator's state."""
        composer = self.composer()
        with seeded(1):
            first = self.embeddings(composer)
        with seeded(2):
            assert_same_sides(self.embeddings(composer), first)

    def test_a_row_does_not_depend_on_its_batch(self) -> None:
        """In evaluation mode, row i alone is row i of the batch, for queries and for candidates."""
        composer = self.composer()
        (reference, text), image = self.query_features(), self.target_features()
        query, target = composer.compose(reference, text), composer.embed_target(image)
        for i in range(QUERIES):
            row = slice(i, i + 1)
            assert_same_embedding(composer.compose(reference[row], text[row]), query[row], f"query {i}")
            assert_same_embedding(composer.embed_target(image[row]), target[row], f"candidate {i}")
        if composer.uses_gallery:
            gallery = self.gallery(composer)
            refined = composer.refine(query, gallery)
            assert_same_embedding(composer.refine(query[2:3], gallery), refined[2:3], "refined query 2")

    def test_padding_is_not_read(self) -> None:
        """Values that the mask marks as padding change nothing."""
        composer = self.composer()
        (reference, text), image = self.query_features(), self.target_features()
        if reference.mask is None and text.mask is None:
            pytest.skip("it reads no tokens")
        padded = composer.compose(other_padding(reference), other_padding(text))
        assert_same_embedding(padded, composer.compose(reference, text), "queries")
        assert_same_embedding(composer.embed_target(other_padding(image)), composer.embed_target(image), "candidates")

    def test_scores_follow_the_order_of_the_gallery(self) -> None:
        """Candidates in another order have the same scores in that order, and refine queries in the same way."""
        composer = self.composer()
        order = torch.randperm(CANDIDATES, generator=torch.Generator().manual_seed(0))
        query, target = self.embeddings(composer)
        scores = composer.score(query, target)
        assert_same(composer.score(query, target[order]), scores[:, order], "scores")
        assert_same_embedding(composer.embed_target(self.target_features()[order]), target[order], "candidates")
        if composer.uses_gallery:
            plain = composer.compose(*self.query_features())
            refined = composer.refine(plain, self.gallery(composer, order))
            assert_same_embedding(refined, composer.refine(plain, self.gallery(composer)), "refined queries")

    def test_composing_keeps_no_memory_of_candidates(self) -> None:
        """A query is the same before and after candidates were embedded and scored: no target leaks into it."""
        composer = self.composer()
        inputs = self.query_features()
        before = composer.compose(*inputs)
        for seed in (11, 12):
            composer.score(before, composer.embed_target(self.target_features(seed=seed)))
        assert_same_embedding(composer.compose(*inputs), before, "queries")

    def test_features_are_not_changed(self) -> None:
        """Features are shared and cached, so they are never changed in place, not even in training."""
        composer = self.composer()
        (reference, text), image = self.query_features(), self.target_features()
        inputs = {"reference": reference, "text": text, "image": image}
        before = deepcopy(inputs)
        for mode in (True, False):
            composer.train(mode)
            composer.compose(reference, text)
            composer.embed_target(image)
        for role, features in inputs.items():
            for name, tensor in features.tensors().items():
                assert torch.equal(tensor, before[role].tensors()[name]), f"{name} of the {role} was changed"

    def test_everything_is_on_the_device_of_the_features(self) -> None:
        """On a GPU, nothing is left on the CPU: tried with fake tensors, see `cir_bench.testing.devices`."""
        composer = self.composer()
        inputs = (*self.query_features(), self.target_features())
        with pretend_gpu() as gpu:
            gpu.module(composer)
            sides = [gpu.features(one) for one in inputs]
            assert_on_gpu("composing and scoring", lambda: all_scores(composer, *sides))

    def test_the_weights_are_all_in_the_state_dict(self) -> None:
        """Another instance that loads the state dict gives the same queries and candidates."""
        first, second = self.composer(seed=1), self.composer(seed=2)
        second.load_state_dict(first.state_dict())
        assert_same_sides(self.embeddings(second), self.embeddings(first))


def _scaled(side: Embedding) -> dict[str, Tensor]:
    """The vectors as they are scored, normalised and weighted."""
    return {f"{name}, normalised": vectors for name, vectors in side.weighted().items()}
