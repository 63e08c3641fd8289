"""From a composer to rankings: several spaces, gallery-dependent queries, scorers that do not factorise, many texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from support.thread_ranks import on_ranks

from cir_bench.errors import RunError
from cir_bench.inference.embed import mean_of_texts
from cir_bench.inference.gallery import GalleryForQueries
from cir_bench.inference.rank import Ranked, rank
from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.interfaces.embedding import Embedding, joint_score
from cir_bench.interfaces.features import Features
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, EvalSet, Truth

IDS = [f"i{n}" for n in range(30)]
VECTORS = torch.randn(len(IDS), 6, generator=torch.Generator().manual_seed(3))


class Source:
    def images(self, ids: Sequence[str], *, train: bool = False) -> Features:
        return Features(pooled=VECTORS[[IDS.index(i) for i in ids]])

    def texts(self, texts: Sequence[str]) -> Features:
        return Features(pooled=torch.stack([F.one_hot(torch.tensor(int(t)), 6).float() for t in texts]))


def evaluation(texts: Sequence[tuple[str, ...]] = ((("1",)), ("2",), ("3",)), **truth: object) -> EvalSet:
    queries = tuple(EvalQuery(f"q{n}", IDS[n], t) for n, t in enumerate(texts))
    answers = {q.id: Truth(targets=(IDS[10 + n],), excluded=(q.reference,), **truth) for n, q in enumerate(queries)}
    return EvalSet({"": EvalPart(queries, tuple(IDS), answers)})


def run(composer: Composer, asked: EvalSet, **options: object) -> Ranked:
    return rank(composer, Source(), asked, **{"subset": False, "device": torch.device("cpu"), **options})


class Sum(Composer):
    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled() + text.need_pooled())


def order_of(scores: torch.Tensor, excluded: Sequence[str]) -> list[tuple[str, ...]]:
    rows = scores.argsort(dim=1, descending=True)
    return [tuple(IDS[i] for i in row if IDS[i] != gone) for row, gone in zip(rows.tolist(), excluded, strict=True)]


def queries_by_hand() -> torch.Tensor:
    return VECTORS[:3] + torch.eye(6)[1:4]


def test_candidates_are_ranked_by_cosine_without_the_reference() -> None:
    ranking = run(Sum(), evaluation()).parts[""].gallery
    scores = F.normalize(queries_by_hand(), dim=1) @ F.normalize(VECTORS, dim=1).T
    assert list(ranking.top_ids) == order_of(scores, IDS[:3])
    assert ranking.n_candidates.tolist() == [29] * 3


class TwoSpaces(Composer):
    """Joint score = 2 · cos in the first half + cos in the second half."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        both = reference.need_pooled() + text.need_pooled()
        return Embedding({"local": both[:, :3], "global": both[:, 3:]}, weights={"local": 2.0})

    def embed_target(self, image: Features) -> Embedding:
        pooled = image.need_pooled()
        return Embedding({"local": pooled[:, :3], "global": pooled[:, 3:]})


def test_several_spaces_are_scored_by_the_weighted_sum_of_their_cosines() -> None:
    ranking = run(TwoSpaces(), evaluation()).parts[""].gallery
    query = queries_by_hand()
    scores = 2 * F.cosine_similarity(query[:, None, :3], VECTORS[None, :, :3], dim=-1)
    scores = scores + F.cosine_similarity(query[:, None, 3:], VECTORS[None, :, 3:], dim=-1)
    assert list(ranking.top_ids) == order_of(scores, IDS[:3])


class Distance(Sum):
    """A scorer that is no dot product (as ARTEMIS-like methods need): minus the Manhattan distance."""

    factorises = False

    def score(self, query: Embedding, target: Embedding) -> torch.Tensor:
        assert len(query) <= 3 and len(target) <= len(IDS)
        return -torch.cdist(query.main, target.main, p=1)


def test_a_scorer_that_does_not_factorise_is_asked_chunk_by_chunk() -> None:
    ranking = run(Distance(), evaluation()).parts[""].gallery
    scores = -(queries_by_hand()[:, None] - VECTORS[None]).abs().sum(-1)
    assert list(ranking.top_ids) == order_of(scores, IDS[:3])


class Nearest(Sum):
    """The refined query is its nearest candidate: it depends on the gallery, and shows whether exclusion holds."""

    uses_gallery = True

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        assert len(gallery) == len(IDS)
        return Embedding.single(gallery.take(gallery.topk(query, 1).rows)[:, 0])


@pytest.mark.parametrize("batch_size", [1, 2, 50])
def test_a_query_that_is_refined_by_the_gallery_never_sees_excluded_images(batch_size: int) -> None:
    ranking = run(Nearest(), evaluation(), batch_size=batch_size).parts[""].gallery
    scores = F.normalize(queries_by_hand(), dim=1) @ F.normalize(VECTORS, dim=1).T
    nearest = [order[0] for order in order_of(scores, IDS[:3])]
    assert [top[0] for top in ranking.top_ids] == nearest
    assert all(reference not in nearest[n : n + 1] for n, reference in enumerate(IDS[:3]))


def test_a_query_of_several_texts_is_the_mean_of_their_normed_embeddings() -> None:
    ranking = run(Sum(), evaluation([("1", "2"), ("3",), ("4", "5")])).parts[""].gallery
    eye = torch.eye(6)
    parts = [[(0, 1), (0, 2)], [(1, 3)], [(2, 4), (2, 5)]]
    query = torch.stack(
        [torch.stack([F.normalize(VECTORS[i] + eye[t], dim=0) for i, t in pairs]).mean(0) for pairs in parts]
    )
    scores = F.normalize(query, dim=1) @ F.normalize(VECTORS, dim=1).T
    assert list(ranking.top_ids) == order_of(scores, IDS[:3])


def test_the_mean_is_taken_space_by_space() -> None:
    spaces = {"a": torch.tensor([[3.0, 0.0], [0.0, 2.0], [5.0, 0.0]]), "b": torch.tensor([[1.0], [-4.0], [2.0]])}
    mean = mean_of_texts(Embedding(spaces, {"a": 2.0}), [2, 1])
    assert mean.spaces["a"].tolist() == [[0.5, 0.5], [1.0, 0.0]] and mean.spaces["b"].tolist() == [[0.0], [1.0]]
    assert mean.weights == {"a": 2.0}


def test_subset_rankings_hold_only_a_querys_own_candidates() -> None:
    members = ("i0", "i10", "i11", "i12", "i20")
    part = run(Sum(), evaluation(subset=members), subset=True).parts[""]
    assert part.subset is not None
    for reference, top in zip(IDS[:3], part.subset.top_ids, strict=True):
        assert set(top) == set(members) - {reference}


def test_a_neighbourhood_is_no_larger_than_what_exclusion_leaves() -> None:
    gallery = Embedding.single(VECTORS[:4])
    view = GalleryForQueries(gallery, gallery.joint(), [[0, 1], [2]])
    found = view.topk(Embedding.single(VECTORS[:2]), 10)
    assert found.rows.shape == (2, 2) and not set(found.rows[0].tolist()) & {0, 1}
    with pytest.raises(RunError, match="called with 1 queries, but this view is of 2"):
        view.topk(Embedding.single(VECTORS[:1]), 1)


def test_a_neighbourhood_is_found_by_the_composers_own_score() -> None:
    def farthest_first(query: Embedding, target: Embedding) -> torch.Tensor:
        return -joint_score(query, target)

    gallery = Embedding.single(VECTORS)
    query = Embedding.single(VECTORS[:3])
    view = GalleryForQueries(gallery, gallery.joint(), [[0], [1], [2]], farthest_first)
    scores = farthest_first(query, gallery)
    scores[range(3), range(3)] = -math.inf
    expected = scores.topk(4, dim=1)
    found = view.topk(query, 4)
    torch.testing.assert_close(found.scores, expected.values)
    torch.testing.assert_close(scores.gather(1, found.rows), expected.values)


def test_a_neighbourhood_in_several_spaces_counts_the_querys_weights() -> None:
    gallery = Embedding({"a": VECTORS, "b": VECTORS.flip(0)})
    query = Embedding({"a": VECTORS[:3], "b": VECTORS[:3]}, {"a": 0.1, "b": 4.0})
    view = GalleryForQueries(gallery, gallery.joint(), [[], [], []])
    torch.testing.assert_close(view.topk(query, 4).scores, joint_score(query, gallery).topk(4, dim=1).values)


def test_an_embedding_that_is_not_a_number_names_the_query() -> None:
    class Bad(Sum):
        def compose(self, reference: Features, text: Features) -> Embedding:
            vectors = super().compose(reference, text).main.clone()
            vectors[1] = math.nan
            return Embedding.single(vectors)

    with pytest.raises(RunError, match="q1"):
        run(Bad(), evaluation())


def test_a_composer_must_give_one_embedding_per_item() -> None:
    class Short(Sum):
        def embed_target(self, image: Features) -> Embedding:
            return Embedding.single(image.need_pooled()[:-1])

    with pytest.raises(RunError, match="embed_target returned 29 embeddings for 30 items"):
        run(Short(), evaluation())


class Watched(Sum):
    """Notes how many candidates its score sees at once."""

    factorises = False

    def __init__(self, seen: list[int]) -> None:
        super().__init__()
        self.seen = seen

    def score(self, query: Embedding, target: Embedding) -> torch.Tensor:
        self.seen.append(len(target))
        return super().score(query, target)


@pytest.mark.parametrize("size", [2, 3])
def test_each_of_several_ranks_scores_its_share_of_the_gallery(size: int) -> None:
    seen: list[int] = []
    whole = run(Sum(), evaluation()).parts[""].gallery
    for ranked in on_ranks(size, lambda ranks: run(Watched(seen), evaluation(), ranks=ranks, batch_size=7)):
        found = ranked.parts[""].gallery
        assert list(found.top_ids) == list(whole.top_ids)
        assert (found.better == whole.better).all()
    assert max(seen) == len(IDS) // size


def test_a_composer_that_looks_at_the_gallery_has_all_of_it_on_every_rank() -> None:
    class Looks(Sum):
        uses_gallery = True

        def refine(self, queries: Embedding, gallery: GalleryView) -> Embedding:
            assert len(gallery) == len(IDS)
            return queries

    whole = run(Sum(), evaluation()).parts[""].gallery
    for ranked in on_ranks(2, lambda ranks: run(Looks(), evaluation(), ranks=ranks)):
        assert list(ranked.parts[""].gallery.top_ids) == list(whole.top_ids)
