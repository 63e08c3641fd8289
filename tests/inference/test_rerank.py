"""Two stages: which pairs a reranker is asked for, with which features, on one rank and on several."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from support.thread_ranks import on_ranks

from cir_bench.errors import ConfigError, RunError
from cir_bench.inference import rerank as module
from cir_bench.inference.rank import Ranked, rank
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.reranker import Reranker
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, EvalSet, Truth

IDS = [f"i{n:02}" for n in range(30)]
VECTORS = torch.randn(len(IDS), 6, generator=torch.Generator().manual_seed(3))
MATRIX = torch.randn(6, 6, generator=torch.Generator().manual_seed(4))


class Source:
    def __init__(self) -> None:
        self.sizes: list[int] = []

    def images(self, ids: Sequence[str]) -> Features:
        self.sizes.append(len(ids))
        return Features(pooled=VECTORS[[IDS.index(i) for i in ids]])

    def texts(self, texts: Sequence[str]) -> Features:
        return Features(pooled=torch.stack([F.one_hot(torch.tensor(int(t)), 6).float() for t in texts]))


class Sum(Composer):
    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled() + text.need_pooled())


class Bilinear(Reranker):
    """Score = (r ⊙ t + t)ᵀ M c + the first score, so that a mistake in any of the four shows."""

    def rescore(self, reference: Features, text: Features, candidates: Features, first: torch.Tensor) -> torch.Tensor:
        query = reference.need_pooled() * text.need_pooled() + text.need_pooled()
        pairs = candidates.need_pooled().view(*first.shape, -1)
        return ((query @ MATRIX)[:, None] * pairs).sum(-1) + first


def evaluation(texts: Sequence[tuple[str, ...]] = (("1",), ("2",), ("3",)), **truth: object) -> EvalSet:
    queries = tuple(EvalQuery(f"q{n}", IDS[n], t) for n, t in enumerate(texts))
    answers = {q.id: Truth(targets=(IDS[10 + n],), excluded=(q.reference,), **truth) for n, q in enumerate(queries)}
    return EvalSet({"": EvalPart(queries, tuple(IDS), answers)})


def run(reranker: Reranker | None, asked: EvalSet, source: Source | None = None, **options: object) -> Ranked:
    settings = {"subset": False, "device": torch.device("cpu"), **options}
    return rank(Sum(), source or Source(), asked, reranker=reranker, **settings)


def by_hand(query: int, text: int, image: str) -> float:
    r, t, c = VECTORS[query], torch.eye(6)[text], VECTORS[IDS.index(image)]
    return float((r * t + t) @ MATRIX @ c + F.cosine_similarity(r + t, c, dim=0))


@pytest.mark.parametrize("k", [1, 7, 29, 60])
def test_the_best_k_are_in_the_order_of_their_new_scores(k: int) -> None:
    before, after = (run(one, evaluation()).parts[""].gallery for one in (None, Bilinear(k)))
    for q in range(3):
        first, found = before.top_ids[q], after.top_ids[q]
        assert list(found[:k]) == sorted(first[:k], key=lambda image: -by_hand(q, q + 1, image))
        assert found[k:] == first[k:]
        assert found[: len(first)].index(IDS[10 + q]) == after.better[q]
        assert after.top_scores[q, 0] == pytest.approx(by_hand(q, q + 1, found[0]), abs=1e-5)


@pytest.mark.parametrize("pairs", [1, 5, 12, 1000])
def test_the_result_does_not_depend_on_how_many_pairs_are_scored_at_once(
    pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run(Bilinear(10), evaluation()).parts[""].gallery
    monkeypatch.setattr(module, "PAIRS", pairs)
    source = Source()
    found = run(Bilinear(10), evaluation(), source).parts[""].gallery
    assert list(found.top_ids) == list(expected.top_ids)
    torch.testing.assert_close(torch.tensor(found.top_scores), torch.tensor(expected.top_scores), equal_nan=True)
    _, _, *rescoring = source.sizes  # the gallery, then the queries
    assert max(rescoring) <= pairs


def test_a_query_of_several_texts_has_the_mean_of_its_scores() -> None:
    found = run(Bilinear(29), evaluation([("1", "2"), ("3",), ("4", "5", "0")])).parts[""].gallery
    texts, eye = [[1, 2], [3], [4, 5, 0]], torch.eye(6)
    composed = [F.normalize(VECTORS[q] + eye[texts[q]], dim=1).mean(0) for q in range(3)]
    for q in range(3):

        def mean(image: str, q: int = q) -> float:
            r, c = VECTORS[q], VECTORS[IDS.index(image)]
            each = [float((r * eye[t] + eye[t]) @ MATRIX @ c) for t in texts[q]]
            return sum(each) / len(each) + float(F.cosine_similarity(composed[q], c, dim=0))

        assert list(found.top_ids[q]) == sorted(found.top_ids[q], key=mean, reverse=True)


def test_a_subset_is_ranked_by_both_stages_too() -> None:
    members = ("i00", "i10", "i11", "i12", "i20", "i29")
    part = run(Bilinear(3), evaluation(subset=members), subset=True).parts[""]
    before = run(None, evaluation(subset=members), subset=True).parts[""]
    assert part.subset is not None and before.subset is not None
    for q, (first, found) in enumerate(zip(before.subset.top_ids, part.subset.top_ids, strict=True)):
        assert list(found[:3]) == sorted(first[:3], key=lambda image: -by_hand(q, q + 1, image))
        assert found[3:] == first[3:]


@pytest.mark.parametrize("size", [2, 3])
def test_several_ranks_that_share_the_gallery_find_the_same(size: int) -> None:
    members = ("i00", "i10", "i11", "i12", "i20", "i29")
    asked = evaluation(subset=members)
    whole = run(Bilinear(7), asked, subset=True).parts[""]
    for ranked in on_ranks(size, lambda ranks: run(Bilinear(7), asked, subset=True, ranks=ranks)):
        for ours, theirs in ((ranked.parts[""].gallery, whole.gallery), (ranked.parts[""].subset, whole.subset)):
            assert list(ours.top_ids) == list(theirs.top_ids)
            assert ours.better.tolist() == theirs.better.tolist()


def test_a_reranker_that_is_not_trained_yet_rescores_nothing() -> None:
    reranker = Bilinear(7)
    reranker.rescoring.fill_(False)
    found, first = (run(one, evaluation()).parts[""].gallery for one in (reranker, None))
    assert list(found.top_ids) == list(first.top_ids)


def test_scores_of_another_shape_are_refused() -> None:
    class Flat(Bilinear):
        def rescore(self, *inputs: object) -> torch.Tensor:
            return super().rescore(*inputs).flatten()

    with pytest.raises(RunError, match=r"rescore returned scores \[21\] for 3 queries with 7 candidates each"):
        run(Flat(7), evaluation())


def test_at_least_one_candidate_is_rescored() -> None:
    with pytest.raises(ConfigError, match="k is 0"):
        Bilinear(0)
