"""Other readings of what the paper leaves open, each against the default one or by hand."""

from __future__ import annotations

import math

import pytest
import torch
from support.floats import cos, softmax

from cir_bench import BatchGallery, Embedding, Features, TrainBatch, TrainStep
from cir_bench_sadn.candidates import OtherTargets, without
from cir_bench_sadn.focal import FocalInfoNCELoss
from cir_bench_sadn.method import Sadn


def step_of(method: Sadn, batch: TrainBatch, stage: int = -1) -> TrainStep:
    (step,) = method.training_steps(batch, method.stages()[stage])
    return step


def test_the_temperature_may_be_the_base_s(make_sadn, make_batch) -> None:
    """TIRG's is learned from 16; the Combiner's, of which nothing is known here, is SADN's own."""
    of_tirg, of_combiner = (make_sadn(base=base, temperature="base") for base in ("tirg", "combiner"))
    assert of_tirg.rank.tau.item() == pytest.approx(16)
    assert of_combiner.rank.tau == 100
    step_of(of_tirg, make_batch()).terms["rank"].backward()
    assert of_tirg.rank.scale.grad != 0
    assert make_sadn(base="tirg").rank.scale is None


def test_a_learned_temperature_starts_where_tau_is(make_sadn, make_batch) -> None:
    batch = make_batch()
    fixed, learned = (step_of(make_sadn(tau=8.0, learn_tau=one), batch) for one in (False, True))
    torch.testing.assert_close(learned.terms["rank"], fixed.terms["rank"])


def test_the_ranking_may_be_on_both_similarities(make_sadn, make_batch) -> None:
    batch = make_batch()
    refined, initial, both = (step_of(make_sadn(rank_on=on), batch).terms for on in ("refined", "initial", "both"))
    assert torch.equal(both["rank"], refined["rank"])
    assert torch.equal(both["rank_initial"], initial["rank"])
    assert "rank_initial" not in refined | initial


def test_bce_is_gamma_zero(make_sadn, make_batch) -> None:
    batch = make_batch()
    bce, zero, whole = (
        step_of(make_sadn(tau=8.0, **one), batch).terms["rank"]
        for one in ({"ablation": "bce"}, {"gamma": 0.0}, {"gamma": 2.0})
    )
    assert torch.equal(bce, zero)
    assert not torch.isclose(bce, whole)


def test_the_own_target_and_its_copies_may_be_left_out_in_training(make_batch) -> None:
    """Queries 0 and 3 have one target."""
    batch = make_batch()
    target = Embedding.single(batch.target.need_pooled())
    query = Embedding.single(batch.target.need_pooled() + 0.01 * batch.reference.need_pooled())
    every, others = BatchGallery(target), OtherTargets(target, batch.same_target)
    assert (len(every), len(others)) == (7, 5)
    assert all(row in found for row, found in enumerate(every.topk(query, 2).rows.tolist()))
    rows = others.topk(query, 5).rows
    assert rows.shape == (7, 5)
    assert not batch.same_target.gather(1, rows).any()
    ranked = [[j for j in every.topk(query, 7).rows[i].tolist() if not batch.same_target[i, j]] for i in range(7)]
    assert rows.tolist() == [one[:5] for one in ranked]


def test_leaving_it_out_changes_training_and_not_evaluation(make_sadn, make_batch) -> None:
    batch = make_batch()
    kept, left_out = (make_sadn(own_target=one, neighbours=3) for one in ("kept", "left-out"))
    assert not torch.isclose(step_of(kept, batch).terms["rank"], step_of(left_out, batch).terms["rank"])
    gallery = BatchGallery(kept.composer.embed_target(batch.target))
    query = kept.composer.compose(batch.reference, batch.text)
    assert torch.equal(kept.composer.refine(query, gallery).main, left_out.composer.refine(query, gallery).main)


@pytest.mark.parametrize("ablation", ["none", "no-neighbourhood"])
def test_the_reference_may_never_be_a_neighbour(make_sadn, make_batch, ablation: str) -> None:
    """A gallery with the references refines as one without them does."""
    batch = make_batch(size=4, repeated=False)
    method = make_sadn(neighbours=3, reference_neighbour="never", ablation=ablation).eval()
    composer = method.composer
    query = composer.compose(batch.reference, batch.text)
    for i in range(4):
        others = batch.target.need_pooled()
        own = batch.reference.need_pooled()[i : i + 1]
        found, expected = (
            composer.refine(query[i : i + 1], BatchGallery(composer.embed_target(Features(pooled=images)))).main
            for images in (torch.cat([own, others, own]), others)
        )
        torch.testing.assert_close(found, expected)
        kept = make_sadn(neighbours=3, ablation=ablation).eval().composer
        near = kept.refine(query[i : i + 1], BatchGallery(kept.embed_target(Features(pooled=torch.cat([own, others])))))
        assert not torch.allclose(near.main, expected)


def test_without_some_rows() -> None:
    rows = torch.tensor([[4, 2, 7, 1], [3, 5, 6, 0]])
    unwanted = torch.tensor([[False, True, False, True], [True, False, False, False]])
    assert without(rows, unwanted).tolist() == [[4, 7], [5, 6]]


def test_the_adaptation_may_be_between_the_scores_of_eq_5(make_sadn, make_batch) -> None:
    method, batch = make_sadn(neighbours=3, adapt_axis="scores"), make_batch()
    conv = method.composer.inner.aggregation.correspondence.conv.weight[0].tolist()
    queries = method.composer.compose(batch.reference, batch.text).main.tolist()
    targets = method.composer.embed_target(batch.target).main.tolist()

    def unit(vector: list[float]) -> list[float]:
        length = math.sqrt(sum(x * x for x in vector))
        return [x / length for x in vector]

    total = 0.0
    for query, own in zip(queries, targets, strict=True):
        near = sorted(targets, key=lambda target, query=query: -cos(query, target))[:3]
        by_query, by_target = (
            softmax([sum(w * n * g for w, n, g in zip(conv, unit(one), unit(guide), strict=True)) for one in near])
            for guide in (query, own)
        )
        total += sum(p * math.log(p / q) for p, q in zip(by_query, by_target, strict=True)) / len(queries)
    assert step_of(method, batch).terms["adapt"].item() == pytest.approx(total, rel=1e-9)


def test_the_base_may_be_trained_first_and_kept(make_sadn, make_batch) -> None:
    method, batch = make_sadn(base="combiner", base_training="first", neighbours=3), make_batch()
    sadn = method.composer.inner
    assert [stage.name for stage in method.stages()] == ["base", "sadn"]
    base, main = method.stages()
    of_base, of_rest = (
        {id(p) for one in method.optimisers(stage, {}) for group in one.groups for p in group.parameters}
        for stage in (base, main)
    )
    assert of_base == {id(p) for p in sadn.base.parameters()}
    assert of_rest == {id(p) for p in sadn.aggregation.parameters()}
    first = step_of(method.train(), batch, 0)
    assert set(first.terms) == {"rank_initial"}
    query = method.composer.compose(batch.reference, batch.text)
    gallery = BatchGallery(method.composer.embed_target(batch.target))
    assert sadn.base.training
    assert torch.equal(method.composer.refine(query, gallery).main, query.main), "alone, the base is not refined"
    loss = FocalInfoNCELoss(method.params, None)
    torch.testing.assert_close(
        step_of(method.eval(), batch, 0).terms["rank_initial"],
        loss(method.composer.eval().compose(batch.reference, batch.text), gallery._targets, batch.same_target),
    )
    assert set(step_of(method.train(), batch, 1).terms) == {"rank", "adapt"}
    assert not sadn.base.training, "kept as it is, dropout too"
    assert not torch.equal(method.composer.refine(query, gallery).main, query.main)
